-- A rep who owns customers with a lifetime value has a cost: without one the customers stay out of
-- every LTV/cost ratio and are shown as ltv_without_cost. A warning, because the ratio of the
-- others holds without them, and none at all where no costs are delivered.
{{ config(severity="warn") }}

with costs as (
    select * from {{ ref('int_core__rep_yearly_costs') }}
),

delivered as (
    select count(*) as reps
    from costs
)

select
    customer_values.rep_id,
    sum(customer_values.amount) as ltv_without_cost
from {{ ref('int_core__customer_values') }} as customer_values
cross join delivered
left join costs on customer_values.rep_id = costs.rep_id
where
    customer_values.value_kind = 'invoiced'
    and customer_values.rep_id <> 'unassigned'
    and coalesce(costs.yearly_cost, 0) = 0
    and delivered.reps > 0
group by customer_values.rep_id
