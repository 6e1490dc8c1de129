with rep_costs as (
    select * from {{ ref('fct_rep_costs_by_type') }}
),

final as (
    select
        rep_id,
        cost_month,
        cost_type,
        cast(amount as decimal(18, 4)) as amount
    from rep_costs
)

select * from final
