with context as (
    select * from {{ ref('int_core__context') }}
),

kpis as (
    select * from {{ ref('int_scoring__kpis') }}
),

registry as (
    select
        budget_type_id,
        time_shape,
        is_divided,
        time_shape <> 'flow' or rolling_months is not null as is_standing
    from {{ ref('budget_type_registry') }}
),

figures as (
    select * from {{ ref('int_scoring__figures') }}
),

-- A budget that has ended is shown until everybody has seen how it ended.
subjects as (
    select
        periods.subject_type,
        periods.subject_id,
        periods.budget_type_id,
        periods.parameter_set_id,
        periods.budget_id,
        periods.period_start,
        periods.period_end,
        periods.figure_id,
        periods.reason_code
    from {{ ref('int_scoring__subject_periods') }} as periods
    cross join context
    inner join {{ ref('int_scoring__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
    where
        periods.period_type = 'to_date'
        and (
            periods.subject_type = 'kpi'
            or context.as_of
            < {{ add_days('periods.period_end', 'cast(parameters.ended_budget_days as integer)') }}
        )
),

-- The months of a budget that the subject holds. What adds up over time has their sum; of what
-- stands on a day the newest month holds, unless it was divided on months.
target_months as (
    select
        subjects.subject_type,
        subjects.subject_id,
        targets.node_level,
        targets.node_id,
        targets.month,
        targets.target,
        targets.target_low,
        targets.target_mode = 'same_level'
        or (targets.target_mode = 'per_rep' and registry.is_standing) as is_level,
        case when targets.month <= context.as_of then targets.month end as begun_month
    from subjects
    cross join context
    inner join registry on subjects.budget_type_id = registry.budget_type_id
    inner join {{ ref('int_planning__targets') }} as targets
        on
            subjects.budget_id = targets.budget_id
            and (
                (
                    {{ trunc_date('month', 'subjects.period_start') }} <= targets.month
                    and subjects.period_end > targets.month
                )
                or (targets.target_mode = 'distribute' and registry.is_standing)
            )
),

month_sums as (
    select
        subject_type,
        subject_id,
        node_level,
        node_id,
        max(case when is_level then 1 else 0 end) = 1 as is_level,
        sum(target) as target,
        coalesce(max(begun_month), min(month)) as newest_month
    from target_months
    group by subject_type, subject_id, node_level, node_id
),

budget_targets as (
    select
        month_sums.subject_type,
        month_sums.subject_id,
        month_sums.node_level,
        month_sums.node_id,
        case when month_sums.is_level then newest.target else month_sums.target end as target,
        newest.target_low
    from month_sums
    inner join target_months as newest
        on
            month_sums.subject_type = newest.subject_type
            and month_sums.subject_id = newest.subject_id
            and month_sums.node_level = newest.node_level
            and month_sums.node_id = newest.node_id
            and month_sums.newest_month = newest.month
),

kpi_reps as (
    select * from {{ ref('int_scoring__kpi_reps') }}
),

kpi_nodes as (
    select
        kpi_reps.kpi_id,
        node_levels.node_level,
        {{ node_id('kpi_reps') }} as node_id,
        count(*) as reps
    from kpi_reps
    cross join {{ node_levels() }}
    group by 1, 2, 3
),

-- A target that the KPI itself has is each rep's.
own_targets as (
    select
        kpi_nodes.kpi_id,
        kpi_nodes.node_level,
        kpi_nodes.node_id,
        case
            when kpis.target_mode = 'same_level' then kpis.own_target
            else kpis.own_target * kpi_nodes.reps
        end as target,
        case
            when kpis.target_mode = 'same_level' then kpis.own_target_low
            else kpis.own_target_low * kpi_nodes.reps
        end as target_low
    from kpi_nodes
    inner join kpis on kpi_nodes.kpi_id = kpis.kpi_id and kpis.budget_id is null
),

nodes as (
    select
        'kpi' as subject_type,
        kpi_nodes.kpi_id as subject_id,
        kpi_nodes.node_level,
        kpi_nodes.node_id,
        coalesce(own_targets.target, budget_targets.target) as target,
        coalesce(own_targets.target_low, budget_targets.target_low) as target_low
    from kpi_nodes
    left join own_targets
        on
            kpi_nodes.kpi_id = own_targets.kpi_id
            and kpi_nodes.node_level = own_targets.node_level
            and kpi_nodes.node_id = own_targets.node_id
    left join budget_targets
        on
            budget_targets.subject_type = 'kpi'
            and kpi_nodes.kpi_id = budget_targets.subject_id
            and kpi_nodes.node_level = budget_targets.node_level
            and kpi_nodes.node_id = budget_targets.node_id

    union all

    select
        subject_type,
        subject_id,
        node_level,
        node_id,
        target,
        target_low
    from budget_targets
    where subject_type = 'budget'
),

final as (
    select
        subjects.subject_type,
        subjects.subject_id,
        nodes.node_level,
        nodes.node_id,
        subjects.budget_type_id,
        subjects.parameter_set_id,
        subjects.budget_id,
        subjects.period_start,
        subjects.period_end,
        coalesce(kpis.is_rolling, registry.is_standing) as is_rolling,
        nodes.target,
        nodes.target_low,
        coverages.node_id is not null as is_covered,
        coverages.numerator as covered_numerator,
        coverages.denominator as covered_denominator,
        coverages.value as covered_value,
        coverages.record_count as covered_records,
        coverages.reason_code as covered_reason_code,
        {{ figure_columns('figures', 'companies', 'subjects', 'registry') }}
    from subjects
    inner join registry on subjects.budget_type_id = registry.budget_type_id
    inner join nodes
        on
            subjects.subject_type = nodes.subject_type
            and subjects.subject_id = nodes.subject_id
    left join kpis on subjects.subject_type = 'kpi' and subjects.subject_id = kpis.kpi_id
    left join figures
        on
            subjects.figure_id = figures.figure_id
            and nodes.node_level = figures.node_level
            and nodes.node_id = figures.node_id
    left join figures as companies
        on
            subjects.figure_id = companies.figure_id
            and companies.node_level = 'company'
    left join {{ ref('int_scoring__coverages') }} as coverages
        on
            subjects.subject_type = coverages.subject_type
            and subjects.subject_id = coverages.subject_id
            and nodes.node_level = coverages.node_level
            and nodes.node_id = coverages.node_id
),

-- What is compared with a target has its figure from there.
compared as (
    select
        subject_type,
        subject_id,
        node_level,
        node_id,
        budget_type_id,
        parameter_set_id,
        budget_id,
        period_start,
        period_end,
        is_rolling,
        target,
        target_low,
        case when is_covered then covered_numerator else numerator end as numerator,
        case when is_covered then covered_denominator else denominator end as denominator,
        case when is_covered then covered_value else value end as value,
        case when is_covered then covered_records else record_count end as record_count,
        case when is_covered then covered_reason_code else reason_code end as reason_code
    from final
)

select
    subject_type,
    subject_id,
    node_level,
    node_id,
    budget_type_id,
    parameter_set_id,
    budget_id,
    period_start,
    period_end,
    is_rolling,
    cast(numerator as decimal(28, 4)) as numerator,
    cast(denominator as decimal(28, 4)) as denominator,
    cast(value as decimal(28, 10)) as value,
    cast(record_count as bigint) as record_count,
    case
        -- What is not compared with anything is a value all the same (K5).
        when reason_code is null and target is null then 'no_target'
        else reason_code
    end as reason_code,
    cast(target as decimal(28, 4)) as target,
    cast(target_low as decimal(28, 4)) as target_low
from compared
