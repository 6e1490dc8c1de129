-- A product that is invoiced says how many base units its sales unit holds: without it there is no
-- quantity, and to take it for 1 would be a wrong one. What was invoiced before the number came in
-- stays without a quantity where its month has closed; only products that still lack it fail.
with context as (
    select * from {{ ref('int_core__context') }}
),

without_units as (
    select products.product_id
    from {{ ref('stg_canonical__products') }} as products
    cross join context
    where
        {{ known_at('products', 'context.cut_off_utc') }}
        and not products.is_deleted
        and products.product_category is not null
        and coalesce(products.units_per_sales_unit, 0) <= 0
)

select
    states.product_id,
    count(*) as lines_without_quantity
from {{ ref('int_core__invoice_line_states') }} as states
inner join {{ ref('int_core__rebuild') }} as rebuild
    on states.booking_month >= rebuild.rebuild_from
inner join without_units on states.product_id = without_units.product_id
group by states.product_id
