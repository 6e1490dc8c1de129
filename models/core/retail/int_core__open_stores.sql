select
    store_days.store_id,
    store_days.customer_id,
    store_days.owner_rep_id,
    store_days.chain,
    store_days.format,
    store_days.priority_class,
    store_days.visit_frequency_per_cycle,
    store_days.area_id,
    store_days.business_category,
    store_days.purchase_method
from {{ ref('int_core__context') }} as context
inner join {{ ref('int_core__store_days') }} as store_days
    on context.as_of = store_days.evaluated_on
where store_days.is_counted
