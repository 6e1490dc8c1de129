with context as (
    select * from {{ ref('int_core__context') }}
),

last_month as (
    select max(month_start) as month_start
    from {{ ref('int_core__booking_months') }}
),

registry as (
    select * from {{ ref('budget_type_registry') }}
),

numbered_budgets as (
    select
        budgets.*,
        row_number() over (
            partition by budgets.budget_id order by budgets.version desc
        ) as newest
    from {{ ref('int_planning__budgets') }} as budgets
),

budgets as (
    select * from numbered_budgets
    where newest = 1
),

-- A budget of a type that needs a target names the budget whose target it is compared with: one
-- that adds up, so that something of it can remain.
subjects as (
    select
        periods.subject_type,
        periods.subject_id,
        periods.budget_type_id,
        periods.parameter_set_id,
        budgets.budget_id,
        results.budget_id as linked_budget_id,
        results.period_end,
        registry.scale,
        context.as_of
    from {{ ref('int_scoring__subject_periods') }} as periods
    cross join context
    inner join registry
        on periods.budget_type_id = registry.budget_type_id and registry.needs_target
    inner join budgets
        on
            periods.budget_id = budgets.budget_id
            and periods.budget_type_id = budgets.budget_type_id
    inner join budgets as results
        on
            budgets.linked_budget_id = results.budget_id
            and results.mode <> 'same_level'
            and results.period_end > context.as_of
    inner join registry as result_types
        on
            results.budget_type_id = result_types.budget_type_id
            and result_types.time_shape = 'flow'
            and not result_types.is_divided
    where periods.period_type = 'to_date' and periods.reason_code is null
),

targets as (
    select
        budget_id,
        node_level,
        node_id,
        sum(target) as target
    from {{ ref('int_planning__targets') }}
    group by budget_id, node_level, node_id
),

reached as (
    select
        periods.subject_id as budget_id,
        periods.reason_code as period_reason_code,
        figures.node_level,
        figures.node_id,
        figures.value,
        figures.reason_code
    from {{ ref('int_scoring__subject_periods') }} as periods
    left join {{ ref('int_scoring__figures') }} as figures
        on periods.figure_id = figures.figure_id
    where periods.subject_type = 'budget' and periods.period_type = 'to_date'
),

-- Where the company's figure is withheld, so is everybody's.
withheld as (
    select
        budget_id,
        max(
            case
                when period_reason_code is not null then period_reason_code
                when
                    node_level = 'company'
                    and reason_code not in ('missing_rate', 'zero_denominator', 'insufficient_n')
                    then reason_code
            end
        ) as reason_code
    from reached
    group by budget_id
),

open_rows as (
    select
        subjects.subject_type,
        subjects.subject_id,
        components.record_id,
        components.rep_id,
        coalesce(rep_nodes.team_id, 'unassigned') as team_id,
        coalesce(rep_nodes.region_id, 'unassigned') as region_id,
        components.product_category,
        components.channel,
        components.area_id,
        components.business_category,
        components.purchase_method,
        components.campaign_id,
        components.amount
    from subjects
    cross join last_month
    inner join {{ ref('int_budget_types__components') }} as components
        on
            subjects.budget_type_id = components.budget_type_id
            and subjects.parameter_set_id = components.parameter_set_id
            and components.part = 'numerator'
            and components.period_type = 'snapshot'
            and subjects.as_of = components.as_of
            and subjects.period_end > components.event_date
    left join {{ ref('int_core__rep_nodes') }} as rep_nodes
        on
            components.rep_id = rep_nodes.rep_id
            and last_month.month_start = rep_nodes.booking_month
            and subjects.as_of >= rep_nodes.valid_from
            and subjects.as_of < rep_nodes.valid_to
),

-- What either budget is limited to, the open amounts are limited to as well: like is compared with
-- like.
limits as (
    select
        subjects.subject_type,
        subjects.subject_id,
        scopes.scope_id,
        scopes.dimension,
        scopes.allowed_value
    from subjects
    inner join {{ ref('int_scoring__scopes') }} as scopes
        on
            scopes.scope_id
            in ('budget:' || subjects.budget_id, 'budget:' || subjects.linked_budget_id)
),

limit_counts as (
    select
        subject_type,
        subject_id,
        count(*) as limits
    from (
        select distinct
            subject_type,
            subject_id,
            scope_id,
            dimension
        from limits
    ) as distinct_limits
    group by subject_type, subject_id
),

kept as (
    select
        open_rows.subject_type,
        open_rows.subject_id,
        open_rows.record_id,
        open_rows.rep_id,
        count(*) as limits
    from open_rows
    inner join limits
        on
            open_rows.subject_type = limits.subject_type
            and open_rows.subject_id = limits.subject_id
            and limits.allowed_value = case limits.dimension
                when 'product_category' then open_rows.product_category
                when 'channel' then open_rows.channel
                when 'area_id' then open_rows.area_id
                when 'business_category' then open_rows.business_category
                when 'purchase_method' then open_rows.purchase_method
                when 'campaign_id' then open_rows.campaign_id
                when 'team_id' then open_rows.team_id
            end
    group by open_rows.subject_type, open_rows.subject_id, open_rows.record_id, open_rows.rep_id
),

in_scope as (
    select open_rows.*
    from open_rows
    left join limit_counts
        on
            open_rows.subject_type = limit_counts.subject_type
            and open_rows.subject_id = limit_counts.subject_id
    left join kept
        on
            open_rows.subject_type = kept.subject_type
            and open_rows.subject_id = kept.subject_id
            and open_rows.record_id = kept.record_id
            and open_rows.rep_id = kept.rep_id
    where coalesce(kept.limits, 0) = coalesce(limit_counts.limits, 0)
),

open_amounts as (
    select
        in_scope.subject_type,
        in_scope.subject_id,
        node_levels.node_level,
        {{ node_id('in_scope') }} as node_id,
        sum(in_scope.amount) as amount,
        count(*) as record_count,
        count(*) - count(in_scope.amount) as missing_amounts
    from in_scope
    cross join {{ node_levels() }}
    group by 1, 2, 3, 4
),

-- Who has no part in the target has nothing that remains of it, and no row.
compared as (
    select
        subjects.subject_type,
        subjects.subject_id,
        targets.node_level,
        targets.node_id,
        subjects.linked_budget_id,
        subjects.scale,
        coalesce(open_amounts.amount, 0) as numerator,
        greatest(targets.target - coalesce(reached.value, 0), 0) as denominator,
        coalesce(open_amounts.record_count, 0) as record_count,
        case
            when open_amounts.missing_amounts > 0 then 'missing_rate'
            else coalesce(withheld.reason_code, reached.reason_code)
        end as reason_code
    from subjects
    inner join targets on subjects.linked_budget_id = targets.budget_id
    left join reached
        on
            targets.budget_id = reached.budget_id
            and targets.node_level = reached.node_level
            and targets.node_id = reached.node_id
    left join withheld on targets.budget_id = withheld.budget_id
    left join open_amounts
        on
            subjects.subject_type = open_amounts.subject_type
            and subjects.subject_id = open_amounts.subject_id
            and targets.node_level = open_amounts.node_level
            and targets.node_id = open_amounts.node_id
),

final as (
    select
        *,
        case
            when reason_code is not null then reason_code
            when denominator = 0 then 'zero_denominator'
        end as first_reason_code
    from compared
)

select
    subject_type,
    subject_id,
    node_level,
    node_id,
    linked_budget_id,
    cast(numerator as decimal(28, 4)) as numerator,
    cast(case when reason_code is null then denominator end as decimal(28, 4)) as denominator,
    cast(
        case
            when first_reason_code is null
                then {{ ratio('numerator * scale', 'denominator', decimals=4) }}
        end as decimal(28, 10)
    ) as value,
    cast(record_count as bigint) as record_count,
    first_reason_code as reason_code
from final
