-- A product that a store should carry weighs what the store turns over in its category. A warning:
-- a point without a weight is left out of weighted distribution, which then says less than it
-- seems to.
{{ config(severity="warn") }}

select
    store_id,
    product_category,
    count(*) as points_without_weight
from {{ ref('int_core__store_skus') }}
where not has_turnover
group by store_id, product_category
