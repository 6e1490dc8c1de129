-- 150 articles in ten categories: five that stores sell, five that companies subscribe to.

create or replace temp table categories as
select * from (
    values
    (0, 'coffee', true), (1, 'tea', true), (2, 'juice', true), (3, 'snacks', true),
    (4, 'biscuits', true), (5, 'office_coffee', false), (6, 'machine_rental', false),
    (7, 'machine_service', false), (8, 'water', false), (9, 'fruit', false)
) as c (n, product_category, is_retail);

create or replace temp table products as
select
    cast(p as integer) as p,
    categories.product_category,
    categories.is_retail,
    -- Of the articles in stores every third is a competitor's, known only to the audits.
    not categories.is_retail or (p // 10) % 3 < 2 as is_own,
    case
        when categories.is_retail and (p // 10) % 3 = 2 then ['Konkur', 'Rivalo', 'Motpart'][p // 30 % 3 + 1]
        else ['Nordbryggd', 'Fjällgott', 'Kusten', 'Lugn'][(p + p // 10) % 4 + 1]
    end as brand,
    round(
        case when categories.is_retail then 180 + pick(p, 'price', 620) else 350 + pick(p, 'price', 1700) end,
        2
    )
        as list_price,
    0.54 + 0.14 * u(p, 'cost') as cost_share
from range(150) as r (p)
inner join categories on r.p % 10 = categories.n;

-- Own retail articles, numbered without gaps so that a hash can pick one.
create or replace temp table retail_products as
select *, cast(row_number() over (order by p) - 1 as integer) as n
from products
where is_retail and is_own;

create or replace temp view e_products as
select
    product_id(p) as product_id,
    'SKU-' || lpad(cast(pick(p, 'sku', 9000) * 150 + p as varchar), 7, '0') as sku,
    brand || ' ' || replace(product_category, '_', ' ') || ' ' || (1 + p // 10) as name,
    product_category,
    brand,
    is_own,
    cast([1, 6, 8, 12, 24][pick(p, 'units', 5) + 1] as decimal(18, 4)) as units_per_sales_unit,
    cast(round(
        list_price * cost_share * pow(1.02, greatest(0, year(cut()) - 2023)), 2
    ) as decimal(18, 4)) as standard_cost,
    'SEK' as currency,
    date '2022-01-03' as _created,
    -- Standard cost is set anew at the turn of the year.
    greatest(date '2022-01-03', upto(make_date(year(cut()), 1, 2)), make_date(year(cut()) - 1, 1, 2))
        as _changed
from products;
