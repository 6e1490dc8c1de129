with context as (
    select * from {{ ref('int_core__context') }}
)

select distinct
    customers.customer_id,
    kams.rep_id,
    customers.area_id,
    customers.business_category,
    customers.purchase_method
from context
inner join {{ ref('stg_canonical__customers') }} as customers
    on {{ known_at('customers', 'context.cut_off_utc') }}
inner join {{ ref('int_core__customer_owners') }} as kams
    on
        customers.customer_id = kams.customer_id
        and kams.role = 'kam'
        and context.as_of >= kams.valid_from
        and context.as_of < kams.valid_to
        and {{ known_at('kams', 'context.cut_off_utc') }}
where
    not customers.is_deleted
    and customers.merged_into_id is null
    and coalesce(customers.status, 'customer') <> 'prospect'
    and coalesce(customers.is_internal, false) is false
