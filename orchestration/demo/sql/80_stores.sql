-- The grocery side: stores, campaigns, what should stand on the shelf, and what audits found.

create or replace temp table stores as
select
    *,
    ['hypermarket', 'supermarket', 'supermarket', 'convenience', 'discount'][pick(c, 'format', 5) + 1]
        as format,
    ['A', 'B', 'B', 'C', 'C'][pick(c, 'class', 5) + 1] as priority_class
from customers
where kind = 'store';

create or replace temp view e_stores as
select
    store_id(c) as store_id,
    customer_id(c) as customer_id,
    customer_id(chain) as chain,
    format,
    area_id,
    priority_class,
    cast(case priority_class when 'A' then 4 when 'B' then 2 else 1 end as integer)
        as visit_frequency_per_cycle,
    created as opened,
    case when known(closed_day) then closed_day end as closed,
    created as _created,
    greatest(created, upto(closed_day)) as _changed
from stores;

create or replace temp view e_store_category_turnover as
select
    store_id(stores.c) as store_id,
    categories.product_category,
    greatest(stores.created, make_date(cast(years.y as integer), 1, 1)) as valid_from,
    cast(round(
        exp(13.2 + 0.6 * gauss(stores.c * 10 + categories.n, 'turnover'))
        * case stores.format when 'hypermarket' then 3 when 'convenience' then 0.4 else 1 end
        * pow(1.03, years.y - 2023) / fx(stores.currency), -3
    ) as decimal(18, 4)) as turnover,
    stores.currency,
    greatest(stores.created, make_date(cast(years.y as integer), 1, 1)) as _created,
    greatest(stores.created, make_date(cast(years.y as integer), 1, 1)) as _changed
from stores
cross join range(2023, 2029) as years (y)
inner join categories on categories.is_retail
where stores.created < make_date(cast(years.y as integer) + 1, 1, 1);

create or replace temp table campaigns as
select
    cast(r.n as integer) as n,
    'CAMP' || lpad(cast(r.n + 1 as varchar), 3, '0') as campaign_id,
    weekday(date '2023-01-09' + cast(r.n * 45 as integer)) as start_date,
    weekday(date '2023-01-09' + cast(r.n * 45 as integer)) + 28 as end_date_excl,
    categories.product_category,
    ['Nordbryggd', 'Fjällgott', 'Kusten', 'Lugn'][cast(r.n as integer) % 4 + 1] as brand
from range(48) as r (n)
inner join categories on r.n % 5 = categories.n;

create or replace temp view e_campaigns as
select
    campaign_id,
    case product_category
        when 'coffee' then 'Kaffeveckor' when 'tea' then 'Te i mörkret' when 'juice' then 'Frisk start'
        when 'snacks' then 'Fredagsmys' else 'Fika'
    end || ' ' || year(start_date
    ) || ':' || (n % 8 + 1
    ) as name,
    start_date,
    end_date_excl,
    product_category,
    brand,
    cast(null as varchar) as product_id,
    start_date - 40 as _created,
    start_date - 40 as _changed
from campaigns;

create or replace temp table campaign_stores as
select campaigns.campaign_id, campaigns.n, campaigns.start_date, campaigns.end_date_excl, stores.c
from campaigns
inner join stores
    on
        stores.created < campaigns.start_date - 21
        and (stores.closed_day is null or stores.closed_day > campaigns.start_date)
where u(stores.c * 100 + campaigns.n, 'takes_part') < 0.35;

create or replace temp view e_campaign_stores as
select campaign_id, store_id(c) as store_id, start_date - 20 as _created, start_date - 20 as _changed
from campaign_stores;

create or replace temp view e_store_agreements as
select
    'AG' || (c * 100 + n) as agreement_id,
    store_id(c) as store_id,
    case when u(c * 100 + n, 'agreed_kind') < 0.5 then 'pos' else 'second_placement' end as agreement_type,
    case when u(c * 100 + n, 'agreed_kind') < 0.5 then 'POS-' || (1 + n % 2) else 'SP-' || (1 + n % 3) end
        as ref_id,
    campaign_id,
    cast(1 + pick(c * 100 + n, 'number', 3) as decimal(18, 4)) as quantity,
    start_date as valid_from,
    end_date_excl as valid_to,
    start_date - 10 as _created,
    start_date - 10 as _changed
from campaign_stores
where u(c * 100 + n, 'agreed') < 0.6;

create or replace temp view e_assortment_targets as
select
    'chain' as scope,
    customer_id(chains.c) as scope_id,
    product_id(products.p) as product_id,
    make_date(cast(years.y as integer), 1, 1) as valid_from,
    make_date(cast(years.y as integer) + 1, 1, 1) as valid_to,
    make_date(cast(years.y as integer) - 1, 12, 1) as _created,
    make_date(cast(years.y as integer) - 1, 12, 1) as _changed
from (select c from customers where kind = 'chain') as chains
cross join retail_products as products
cross join range(2023, 2029) as years (y)
where is_agreed(chains.c, products.p)
union all
select 'format', 'hypermarket', product_id(p), date '2023-01-01', null, date '2022-12-01', date '2022-12-01'
from retail_products
where n % 3 = 0;

create or replace temp view e_retailer_prices as
select
    'chain' as scope,
    customer_id(chains.c) as scope_id,
    product_id(products.p) as product_id,
    quarters.q as valid_from,
    case when cut() >= months_later(quarters.q, 3) - 10 then months_later(quarters.q, 3) end as valid_to,
    cast(shelf_price(chains.c, products.p, quarters.q) as decimal(18, 4)) as price,
    'list' as price_type,
    chains.currency,
    cast(0.02 as decimal(18, 10)) as tolerance,
    quarters.q - 10 as _created,
    greatest(quarters.q - 10, upto(months_later(quarters.q, 3) - 10)) as _changed
from (select c, currency from customers where kind = 'chain') as chains
cross join retail_products as products
cross join (
    select cast(q as date) as q from generate_series(date '2023-01-01', horizon(), interval 3 month) as r (q)
) as quarters
union all
select
    'chain',
    customer_id(chains.c),
    product_id(products.p),
    campaigns.start_date,
    campaigns.end_date_excl,
    cast(campaign_price(chains.c, products.p, campaigns.start_date) as decimal(18, 4)),
    'campaign',
    chains.currency,
    cast(0.02 as decimal(18, 10)),
    campaigns.start_date - 20,
    campaigns.start_date - 20
from (select c, currency from customers where kind = 'chain') as chains
cross join campaigns
inner join retail_products as products
    on campaigns.product_category = products.product_category and campaigns.brand = products.brand;

create or replace temp view e_planograms as
select
    'PG-'
    || upper(left(formats.format, 3))
    || '-'
    || categories.product_category
    || '-'
    || years.y as planogram_id,
    formats.format,
    categories.product_category,
    make_date(cast(years.y as integer), 1, 1) as valid_from,
    make_date(cast(years.y as integer) + 1, 1, 1) as valid_to,
    make_date(cast(years.y as integer) - 1, 12, 10) as _created,
    make_date(cast(years.y as integer) - 1, 12, 10) as _changed
from (values ('hypermarket'), ('supermarket'), ('convenience'), ('discount')) as formats (format)
cross join categories
cross join range(2023, 2029) as years (y)
where categories.is_retail;

create or replace temp table standard_points as
select * from (
    values
    ('ST-POS', 'pos', 'POS-1', 0.2, 10), ('ST-POS2', 'pos', 'POS-2', 0.1, 5),
    ('ST-SP', 'second_placement', 'SP-1', 0.3, 10), ('ST-PLAN', 'planogram', 'PLAN', 0.4, 25)
) as s (standard_id, point_type, ref_id, weight, possible);

create or replace temp view e_store_standards as
select
    standard_id || '-' || upper(left(formats.format, 3)) as standard_id,
    date '2023-01-01' as valid_from,
    cast(null as date) as valid_to,
    formats.format,
    point_type,
    ref_id,
    cast(weight as decimal(18, 10)) as weight,
    cast(possible as decimal(18, 4)) as possible,
    date '2022-12-10' as _created,
    date '2022-12-10' as _changed
from standard_points
cross join (values ('hypermarket'), ('supermarket'), ('convenience'), ('discount')) as formats (format);
