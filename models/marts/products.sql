select
    product_id,
    sku,
    name,
    product_category,
    brand,
    is_own,
    units_per_sales_unit,
    standard_cost,
    currency
from {{ ref('dim_products') }}
