with context as (
    select * from {{ ref('int_core__context') }}
),

assigned as (
    select
        owners.customer_id,
        min(case when owners.role = 'owner' then owners.rep_id end) as owner_rep_id,
        min(case when owners.role = 'kam' then owners.rep_id end) as kam_rep_id
    from context
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            context.as_of >= owners.valid_from
            and context.as_of < owners.valid_to
            and {{ known_at('owners', 'context.cut_off_utc') }}
    group by owners.customer_id
)

select
    customers.customer_id,
    customers.name,
    customers.org_no,
    customers.parent_customer_id,
    customers.merged_into_id,
    customers.status,
    customers.business_category,
    customers.area_id,
    customers.purchase_method,
    customers.segment,
    customers.sales_model,
    customers.customer_since,
    customers.lost_at,
    coalesce(assigned.owner_rep_id, 'unassigned') as owner_rep_id,
    assigned.kam_rep_id,
    coalesce(customers.is_internal, false) as is_internal
from context
inner join {{ ref('stg_canonical__customers') }} as customers
    on {{ known_at('customers', 'context.cut_off_utc') }} and not customers.is_deleted
left join assigned on customers.customer_id = assigned.customer_id
