select
    customer_id,
    name,
    org_no,
    parent_customer_id,
    merged_into_id,
    status,
    business_category,
    area_id,
    purchase_method,
    segment,
    sales_model,
    customer_since,
    lost_at,
    owner_rep_id,
    kam_rep_id,
    is_internal
from {{ ref('dim_customers') }}
