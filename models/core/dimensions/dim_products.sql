with context as (
    select * from {{ ref('int_core__context') }}
)

select
    products.product_id,
    products.sku,
    products.name,
    products.product_category,
    products.brand,
    products.is_own,
    products.units_per_sales_unit,
    products.standard_cost,
    products.currency
from context
inner join {{ ref('stg_canonical__products') }} as products
    on {{ known_at('products', 'context.cut_off_utc') }} and not products.is_deleted
