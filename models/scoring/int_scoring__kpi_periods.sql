with context as (
    select * from {{ ref('int_core__context') }}
),

versions as (
    select
        kpis.*,
        coalesce(kpis.sales_period, 'quarter') as period_type
    from {{ ref('stg_canonical__kpis') }} as kpis
    inner join context on {{ known_at('kpis', 'context.cut_off_utc') }}
    where not kpis.is_deleted
),

-- What a KPI was in a period: the version that held last in it, as far as it has run.
placed as (
    select
        versions.kpi_id,
        versions.budget_type_id,
        versions.budget_id,
        versions.filters,
        versions.target,
        versions.target_low,
        versions.expected_outcome,
        versions.status as kpi_status,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        context.as_of >= periods.period_end as is_ended,
        row_number() over (
            partition by versions.kpi_id, periods.period_start
            order by versions.valid_from desc
        ) as newest
    from versions
    cross join context
    inner join {{ ref('int_core__periods') }} as periods
        on
            versions.period_type = periods.period_type
            and versions.valid_from < periods.period_end
            and versions.valid_from <= context.as_of
            and coalesce(versions.valid_to, cast('9999-12-31' as date)) > periods.period_start
),

parameter_sets as (
    select
        kpi_id,
        parameter_set_id
    from {{ ref('int_scoring__kpis') }}
),

scoped_budgets as (
    select distinct budget_id
    from {{ ref('int_planning__budget_scopes') }}
),

kpi_periods as (
    select
        placed.*,
        coalesce(parameter_sets.parameter_set_id, 'default') as parameter_set_id,
        scoped_budgets.budget_id is not null as is_of_budget,
        scoped_budgets.budget_id is null and placed.filters is not null as is_filtered,
        registry.aggregation,
        registry.direction,
        registry.target_mode,
        registry.is_divided,
        registry.time_shape <> 'flow' or registry.rolling_months is not null as is_standing
    from placed
    inner join {{ ref('budget_type_registry') }} as registry
        on placed.budget_type_id = registry.budget_type_id
    left join parameter_sets on placed.kpi_id = parameter_sets.kpi_id
    left join scoped_budgets on placed.budget_id = scoped_budgets.budget_id
    where placed.newest = 1
),

-- The months of a budget that is limited to a part of the company.
month_sums as (
    select
        kpi_periods.kpi_id,
        kpi_periods.period_start,
        sum(outcomes.numerator) as numerator,
        sum(outcomes.denominator) as denominator,
        sum(outcomes.value) as value,
        count(*) as months
    from kpi_periods
    inner join {{ ref('int_scoring__budget_outcomes') }} as outcomes
        on
            kpi_periods.budget_id = outcomes.budget_id
            and outcomes.period_type = 'month'
            and outcomes.node_level = 'company'
            and outcomes.period_start >= kpi_periods.period_start
            and outcomes.period_start < kpi_periods.period_end
    where kpi_periods.is_of_budget
    group by kpi_periods.kpi_id, kpi_periods.period_start
),

target_months as (
    select
        kpi_periods.kpi_id,
        kpi_periods.period_start,
        targets.target,
        targets.target_low,
        targets.target_mode = 'same_level'
        or (targets.target_mode = 'per_rep' and kpi_periods.is_standing) as is_level,
        row_number() over (
            partition by kpi_periods.kpi_id, kpi_periods.period_start
            order by targets.month desc
        ) as newest
    from kpi_periods
    inner join {{ ref('int_planning__targets') }} as targets
        on
            kpi_periods.budget_id = targets.budget_id
            and targets.node_level = 'company'
            and targets.month >= kpi_periods.period_start
            and targets.month < kpi_periods.period_end
),

budget_targets as (
    select
        kpi_id,
        period_start,
        case
            when max(case when is_level then 1 else 0 end) = 1
                then max(case when newest = 1 then target end)
            else sum(target)
        end as target,
        max(case when newest = 1 then target_low end) as target_low
    from target_months
    group by kpi_id, period_start
),

valued as (
    select
        kpi_periods.*,
        cast(
            case
                when kpi_periods.is_filtered then null
                when not kpi_periods.is_of_budget then outcomes.value
                when kpi_periods.is_divided
                    then {{ ratio(
                        'month_sums.numerator', 'month_sums.denominator', 10, decimals=4
                    ) }}
                when kpi_periods.aggregation = 'SUM' or month_sums.months = 1
                    then month_sums.value
            end as decimal(28, 10)
        ) as value,
        -- A target that a KPI has of its own is each rep's, unless it is a level for all.
        cast(
            case
                when kpi_periods.budget_id is not null then budget_targets.target
                when kpi_periods.target_mode = 'same_level' then kpi_periods.target
            end as decimal(28, 4)
        ) as company_target,
        cast(
            case
                when kpi_periods.budget_id is not null then budget_targets.target_low
                when kpi_periods.target_mode = 'same_level' then kpi_periods.target_low
            end as decimal(28, 4)
        ) as company_target_low
    from kpi_periods
    left join {{ ref('int_outcomes__values') }} as outcomes
        on
            kpi_periods.budget_type_id = outcomes.budget_type_id
            and kpi_periods.parameter_set_id = outcomes.parameter_set_id
            and kpi_periods.period_type = outcomes.period_type
            and kpi_periods.period_start = outcomes.period_start
            and outcomes.node_level = 'company'
            and outcomes.basis = 'reported'
    left join month_sums
        on
            kpi_periods.kpi_id = month_sums.kpi_id
            and kpi_periods.period_start = month_sums.period_start
    left join budget_targets
        on
            kpi_periods.kpi_id = budget_targets.kpi_id
            and kpi_periods.period_start = budget_targets.period_start
)

select
    kpi_id,
    budget_type_id,
    budget_id,
    kpi_status,
    period_type,
    period_start,
    period_end,
    is_ended,
    is_of_budget or is_filtered as is_limited,
    value,
    company_target as target,
    company_target_low as target_low,
    cast(
        case
            when direction <> 'band' and company_target > 0
                then {{ ratio('value', 'company_target') }}
        end as decimal(28, 10)
    ) as attainment,
    case
        when not is_ended then null
        when direction = 'lower' then value <= company_target
        when direction = 'band' then value >= company_target_low and value <= company_target
        else value >= company_target
    end as is_met,
    cast(expected_outcome as decimal(28, 4)) as expected_outcome,
    cast(
        case
            when is_ended and expected_outcome <> 0
                then {{ ratio('abs(value - expected_outcome)', 'abs(expected_outcome)') }}
        end as decimal(28, 10)
    ) as surprise,
    row_number() over (
        partition by kpi_id, is_ended order by period_start desc
    ) as periods_back
from valued
