-- What was done and seen in held store visits of the window: audits and orders.

create or replace temp table audits as
select
    activities.a,
    activities.c,
    activities.rep_no,
    activities.start_day,
    activities.start_minute,
    activities.ended_day as recorded,
    stores.format,
    stores.chain,
    stores.currency,
    'AU' || lpad(cast(activities.a as varchar), 9, '0') as audit_id
from activities
inner join stores on activities.c = stores.c
where activities.is_held and activities.type = 'visit' and visit_purpose(activities.purpose_draw) = 'audit';

create or replace temp view e_store_audits as
select
    audit_id,
    store_id(c) as store_id,
    activity_id(a) as activity_id,
    rep_id(rep_no) as rep_id,
    start_day + to_minutes(start_minute + 15) as audited_at,
    recorded as _created,
    recorded as _changed
from audits;

-- An audit goes through what the store has agreed to carry, and a few of the competitors' articles.
create or replace temp view audited_products as
select
    audits.audit_id,
    audits.a * 1000 + products.p as looked_at,
    audits.recorded,
    audits.currency,
    products.p,
    campaigns.n is not null as is_promo,
    u(audits.c * 1000 + products.p, 'listed') < 0.86 as is_listed,
    u(audits.c * 1000 + products.p, 'listed') < 0.86
    and u(audits.a * 1000 + products.p, 'on_shelf') < 0.94 as is_on_shelf,
    case
        when campaigns.n is null then shelf_price(audits.chain, products.p, audits.start_day)
        else campaign_price(audits.chain, products.p, campaigns.start_date)
    end as price
from audits
inner join products on products.is_retail
left join retail_products on products.p = retail_products.p
left join campaigns
    on
        products.is_own
        and products.product_category = campaigns.product_category
        and products.brand = campaigns.brand
        and audits.start_day >= campaigns.start_date
        and audits.start_day < campaigns.end_date_excl
where
    case
        when products.is_own
            then
                is_agreed(audits.chain, products.p)
                or (audits.format = 'hypermarket' and retail_products.n % 3 = 0)
        else (products.p // 10 + audits.c) % 5 = 0
    end;

create or replace temp view e_store_audit_lines as
select
    audit_id,
    product_id(p) as product_id,
    is_listed,
    is_on_shelf,
    case
        when is_on_shelf
            then
                cast(
                    round(price * case when u(looked_at, 'wrong_price') < 0.1 then 1.08 else 1 end, 2)
                    as decimal(18, 4)
                )
    end as shelf_price,
    currency,
    is_promo,
    recorded as _created,
    recorded as _changed
from audited_products;

create or replace temp view e_store_audit_facings as
select
    audits.audit_id,
    categories.product_category,
    cast(3 + pick(audits.a * 10 + categories.n, 'own', 9) as integer) as own_facings,
    cast(5 + pick(audits.a * 10 + categories.n, 'competitor', 20) as integer) as competitor_facings,
    cast(pick(audits.a * 10 + categories.n, 'empty', 3) as integer) as empty_facings,
    audits.recorded as _created,
    audits.recorded as _changed
from audits
inner join categories on categories.is_retail;

create or replace temp view e_store_audit_points as
select
    audits.audit_id,
    points.point_type,
    points.ref_id,
    cast(case
        when u(audits.a * 10 + points.n, 'present') < 0.7 then points.possible
        when points.point_type = 'planogram' then round(points.possible * u(audits.a, 'partly'), 0) else 0
    end as decimal(18, 4)) as achieved,
    cast(points.possible as decimal(18, 4)) as possible,
    u(audits.a * 10 + points.n, 'present') < 0.7 as is_present,
    case points.point_type
        when 'second_placement' then ['endcap', 'entrance', 'checkout'][pick(audits.a, 'where', 3) + 1] else
            'aisle'
    end as location,
    categories.product_category,
    'Nordbryggd' as brand,
    true as is_own,
    case
        when points.point_type = 'planogram'
            then
                'PG-'
                || upper(left(audits.format, 3))
                || '-'
                || categories.product_category
                || '-'
                || year(audits.start_day)
    end as planogram_id,
    audits.recorded as _created,
    audits.recorded as _changed
from audits
-- Each audit looks closer at one of the five categories.
inner join categories on pick(audits.a, 'category', 5) = categories.n
cross join (select *, row_number() over (order by standard_id) as n from standard_points) as points;

-- Orders taken in selling visits; their goods are invoiced with the next deliveries.
create or replace temp table visit_orders as
select
    activities.a,
    activities.c,
    activities.rep_no,
    activities.d as order_date,
    activities.ended_day as recorded,
    stores.currency,
    campaigns.campaign_id,
    greatest(activities.d + 3 + pick(activities.a, 'delivery', 4), activities.ended_day) as delivered
from activities
inner join stores on activities.c = stores.c
left join (
    select c, start_date, end_date_excl, min(campaign_id) as campaign_id
    from campaign_stores
    group by c, start_date, end_date_excl
) as campaigns
    on
        activities.c = campaigns.c
        and activities.d >= campaigns.start_date
        and activities.d < campaigns.end_date_excl
where
    activities.is_held and activities.type = 'visit' and visit_purpose(activities.purpose_draw) = 'selling'
    and u(activities.a, 'orders') < 0.6 and activities.corrected_day is null;

create or replace temp view e_orders as
select
    'OF' || store_orders.no as order_id,
    customer_id(store_orders.c) as customer_id,
    store_id(store_orders.c) as store_id,
    rep_id(spans.rep_no) as rep_id,
    cast(null as varchar) as activity_id,
    cast(null as varchar) as campaign_id,
    store_orders.order_date,
    store_orders.promised as requested_delivery_date,
    store_orders.currency,
    case when known(store_orders.delivered) then 'delivered' else 'open' end as status,
    store_orders.order_date as _created,
    greatest(store_orders.order_date, upto(store_orders.delivered)) as _changed
from store_orders
left join spans
    on
        store_orders.c = spans.c and spans.role = 'owner'
        and store_orders.order_date >= spans.valid_from and store_orders.order_date < spans.valid_to
union all
select
    'OV' || a,
    customer_id(c),
    store_id(c),
    rep_id(rep_no),
    activity_id(a),
    campaign_id,
    order_date,
    order_date + 5,
    currency,
    case
        when u(a, 'order_cancelled') < 0.04 and known(delivered) then 'cancelled' when
            known(delivered)
            then 'delivered'
        else 'open'
    end,
    recorded,
    greatest(recorded, upto(delivered))
from visit_orders;

create or replace temp view e_order_lines as
select
    'OL' || store_orders.no || '-' || goods.j as order_line_id,
    'OF' || store_orders.no as order_id,
    product_id(goods.p) as product_id,
    goods.qty,
    cast(round(cast(goods.qty as double) * goods.list_price * (1 - goods.discount), 2) as decimal(18, 4))
        as net_amount,
    false as is_cancelled,
    store_orders.order_date as _created,
    store_orders.order_date as _changed
from store_orders
inner join goods on store_orders.no = goods.base_no
union all
select
    'OLV' || visit_orders.a || '-' || r.j,
    'OV' || visit_orders.a,
    product_id(products.p),
    cast(1 + pick(visit_orders.a * 10 + r.j, 'qty', 8) as decimal(18, 4)),
    cast(
        round(
            (1 + pick(visit_orders.a * 10 + r.j, 'qty', 8))
            * products.list_price
            * 0.92
            / fx(visit_orders.currency),
            2
        ) as decimal(18, 4)
    ),
    u(visit_orders.a * 10 + r.j, 'cancelled') < 0.02,
    visit_orders.recorded,
    visit_orders.recorded
from visit_orders
cross join (select cast(j as integer) as j from range(3) as r (j)) as r
inner join retail_products as products
    on (pick(visit_orders.a, 'product', 50) + r.j * 7) % (select count(*) from retail_products) = products.n
where r.j = 0 or u(visit_orders.a * 10 + r.j, 'also') < 0.5;

create or replace temp view e_deliveries as
select
    'D' || store_orders.no as delivery_id,
    'OF' || store_orders.no as order_id,
    customer_id(store_orders.c) as customer_id,
    store_orders.promised as promised_date,
    case when known(store_orders.delivered) then store_orders.delivered end as delivered_date,
    cast(totals.qty as decimal(18, 4)) as qty_ordered,
    cast(
        case
            when
                known(store_orders.delivered)
                then totals.qty - case when store_orders.is_short then 1 else 0 end
        end as decimal(18, 4)
    ) as qty_delivered,
    case
        when not known(store_orders.delivered) then 'planned' when
            store_orders.delivered > store_orders.promised
            then 'late'
        else 'delivered'
    end as status,
    store_orders.order_date as _created,
    greatest(store_orders.order_date, upto(store_orders.delivered)) as _changed
from store_orders
inner join
    (select base_no, sum(qty) as qty from goods group by base_no) as totals
    on store_orders.no = totals.base_no;
