with outcomes as (
    select * from {{ ref('int_scoring__budget_outcomes') }}
),

context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select
        month_start,
        is_closed
    from {{ ref('int_core__booking_months') }}
)

select
    cast(outcomes.budget_id as varchar) as budget_id,
    cast(outcomes.budget_type_id as varchar) as budget_type_id,
    cast(outcomes.node_level as varchar) as node_level,
    cast(outcomes.node_id as varchar) as node_id,
    cast(outcomes.period_type as varchar) as period_type,
    outcomes.period_start,
    outcomes.period_end,
    outcomes.numerator,
    outcomes.denominator,
    outcomes.value,
    outcomes.record_count,
    cast(outcomes.reason_code as varchar) as reason_code,
    context.as_of >= outcomes.period_end and coalesce(months.is_closed, false) as is_closed
from outcomes
cross join context
left join months
    on {{ trunc_date('month', add_days('outcomes.period_end', -1)) }} = months.month_start
