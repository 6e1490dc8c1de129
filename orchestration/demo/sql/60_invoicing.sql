-- Documents of the ERP whose original date lies in [$lo, $hi): one month of a contract, one month of
-- a store, or what other customers buy now and then. A credit note belongs to the window of the
-- document it takes back.

create or replace temp table documents as
with

contract_months as (
    select
        (gk * 1000 + month_index(months_later(start_day, m))) * 10 + 1 as no,
        'contract' as basis,
        gk as ref,
        c,
        currency,
        m,
        months_later(start_day, m) as service_from,
        weekday(months_later(start_day, m) + pick(gk * 1000 + m, 'billed', 4)) as date,
        contracts.recorded as not_before
    from (
        select
            *,
            unnest(range(
                greatest(0, months_from(start_day, date '$lo') - 1),
                least(months_from(start_day, date '$hi') + 1, months_from(start_day, runs_until))
            )) as m
        from contracts
        where is_invoiced and start_day < date '$hi' and runs_until >= date '$lo' - 40
    ) as contracts
),

months as (
    select cast(r.month as date) as month
    from generate_series(date_trunc('month', date '$lo'), date '$hi', interval 1 month) as r (month)
),

goods_months as (
    select
        (c * 1000 + month_index(month)) * 10
        + case kind when 'store' then 2 when 'b2b' then 3 else 4 end as no,
        case kind when 'store' then 'store' when 'b2b' then 'other' else 'internal' end as basis,
        c as ref,
        c,
        currency,
        0 as m,
        cast(null as date) as service_from,
        weekday(month + pick(c * 1000 + month_index(month), 'delivered', 28)) as date,
        created as not_before
    from customers
    cross join months
    where
        created < month
        and case kind
            when 'store'
                then
                    u(c * 1000 + month_index(month), 'buys') < 0.97
                    and (closed_day is null or month < closed_day - 31)
                    and (pause_from is null or month < pause_from or month >= pause_from + pause_days)
            when 'b2b'
                then
                    u(c, 'buys_goods') < 0.11 and u(c * 1000 + month_index(month), 'buys') < 0.22
                    and (merged_into is null or month < merged_day - 31)
            when 'internal' then true
            else false
        end
),

originals as (
    select * from contract_months
    union all
    select * from goods_months
),

registered as (
    select
        *,
        greatest(date + erp_lag(no, 'lag'), not_before) as recorded,
        u(no, 'fate') as fate
    from originals
    where date >= date '$lo' and date < date '$hi' and date >= date '2023-01-01'
)

select
    no,
    no as base_no,
    basis,
    ref,
    c,
    currency,
    m,
    service_from,
    date,
    recorded,
    cast(null as bigint) as credits_no,
    false as is_partial,
    case when fate < 0.02 then recorded + 1 + pick(no, 'posting', 5) end as posted_day,
    case when fate >= 0.02 and fate < 0.022 then recorded + 8 end as dropped_day,
    case when fate >= 0.022 and fate < 0.029 then recorded + 2 + pick(no, 'cancel', 24) end as cancelled_day,
    case when fate >= 0.029 and fate < 0.033 then recorded + 5 + pick(no, 'correct', 40) end as corrected_day,
    case when fate >= 0.033 and fate < 0.043 then recorded + 35 end as overdue_day,
    case when fate >= 0.043 and fate < 0.050 then recorded + 5 + pick(no, 'costed', 25) end as cost_day
from registered
union all
select
    no + 5,
    no,
    basis,
    ref,
    c,
    currency,
    m,
    service_from,
    weekday(date + 5 + pick(no, 'returned', 55)),
    greatest(recorded, weekday(date + 5 + pick(no, 'returned', 55)) + erp_lag(no, 'return_lag')),
    no,
    u(no, 'partly') < 0.5,
    null, null, null, null, null, null
from registered
where fate >= 0.05 and u(no, 'credit') < 0.028;

-- Of these, the ones this delivery holds.
create or replace temp table invoices as
select
    *,
    greatest(
        recorded,
        upto(posted_day),
        upto(dropped_day),
        upto(cancelled_day),
        upto(corrected_day),
        upto(overdue_day)
    ) as _changed,
    greatest(recorded, upto(dropped_day), upto(corrected_day), upto(cost_day)) as lines_changed,
    known(dropped_day) as is_deleted,
    -- Goods for stores are often ordered some days before.
    basis = 'store' and credits_no is null and u(no, 'ordered') < 0.25 as has_order
from documents
where
    recorded <= cut()
    and case
        when $is_first then not known(dropped_day)
        else cut() in (recorded, posted_day, dropped_day, cancelled_day, corrected_day, overdue_day, cost_day)
    end;

create or replace temp table store_orders as
select
    no,
    c,
    currency,
    date as invoice_date,
    weekday(date - 4 - pick(no, 'order_ahead', 8)) as order_date,
    date
    - 1
    - pick(no, 'delivery_ahead', 2)
    + case when u(no, 'delayed') < 0.07 then 1 else 0 end as delivered,
    date - 1 - pick(no, 'delivery_ahead', 2) as promised,
    u(no, 'short') < 0.05 as is_short
from documents
where
    basis = 'store' and credits_no is null and u(no, 'ordered') < 0.25 and dropped_day is null
    and weekday(date - 4 - pick(no, 'order_ahead', 8)) <= cut()
    and (
        $is_first
        or cut() in (
            weekday(date - 4 - pick(no, 'order_ahead', 8)),
            date - 1 - pick(no, 'delivery_ahead', 2) + case when u(no, 'delayed') < 0.07 then 1 else 0 end
        )
    );

create or replace temp table goods as
with

wanted as (
    select base_no from invoices where basis <> 'contract'
    union
    select no from store_orders
),

dated as (
    select wanted.base_no, documents.basis, documents.currency, documents.date
    from wanted
    inner join documents on wanted.base_no = documents.no
),

priced as (
    select
        base_no,
        case basis when 'internal' then 1 when 'other' then 2 else 2 + pick(base_no, 'lines', 6) end as size,
        pick(base_no, 'product', 50) as first_product,
        season(date) * growth(date) * case basis when 'internal' then 20 else 1 end as volume,
        pow(1.025, year(date) - 2023) / fx(currency) as price_level,
        pow(1.02, year(date) - 2023) as cost_level
    from dated
),

numbered as (
    -- One hash per line; its four parts of sixteen bits are as good as four hashes.
    select
        *,
        hash(hash(base_no * 10 + j, 'line$seed')) as h
    from (select *, cast(unnest(range(size)) as integer) as j from priced) as unnested
)

select
    numbered.base_no,
    numbered.j,
    products.p,
    cast(greatest(1, round((2 + 9 * sixteen_bits(h, 0)) * numbered.volume)) as decimal(18, 4)) as qty,
    products.list_price * numbered.price_level as list_price,
    products.list_price
    * products.cost_share
    * numbered.cost_level
    * (0.97 + 0.06 * sixteen_bits(h, 16)) as unit_cost,
    0.14 * sixteen_bits(h, 32) as discount,
    sixteen_bits(h, 48) < 0.006 as is_costless
from numbered
inner join retail_products as products
    on (numbered.first_product + numbered.j * 7) % (select count(*) from retail_products) = products.n;

create or replace temp table lines as
with

contract_goods as (
    select
        invoices.*,
        contract_lines.line_no,
        contract_lines.n as j,
        case
            when r.is_once then contract_lines.one_off_value else round(contract_lines.annual_value / 12, 2)
        end as gross,
        contract_lines.margin_rate,
        r.is_once
    from invoices
    inner join contract_lines on invoices.ref = contract_lines.gk
    cross join (values (false), (true)) as r (is_once)
    where
        invoices.basis = 'contract'
        and (not r.is_once or (invoices.m = 0 and contract_lines.one_off_value > 0))
        and not (invoices.is_partial and (contract_lines.n > 0 or r.is_once))
)

select
    no,
    j + case when is_once then 5 else 0 end as j,
    credits_no,
    cast(null as integer) as p,
    cast(1 as decimal(18, 4)) as qty,
    cast(round(gross * case when known(corrected_day) then 0.9 else 1 end, 2) as decimal(18, 4)) as net,
    cast(round(gross * 1.05, 2) as decimal(18, 4)) as list,
    cast(
        round(gross * fx(currency) * (1 - margin_rate) * (0.95 + 0.1 * u(no, 'cost')), 2) as decimal(18, 4)
    ) as cost,
    u(no * 10 + j, 'costless') < 0.006 as is_costless,
    'KL' || line_no as contract_line_id,
    cast(null as varchar) as order_line_id,
    case when not is_once then service_from end as service_from,
    case when not is_once then months_later(service_from, 1) end as service_to,
    currency,
    cost_day,
    recorded,
    lines_changed,
    is_deleted
from contract_goods
union all
select
    invoices.no,
    goods.j,
    invoices.credits_no,
    goods.p,
    goods.qty,
    cast(round(
        cast(goods.qty as double) * goods.list_price * (1 - goods.discount)
        * case when known(invoices.corrected_day) then 0.9 else 1 end, 2
    ) as decimal(18, 4)),
    cast(round(cast(goods.qty as double) * goods.list_price, 2) as decimal(18, 4)),
    cast(round(cast(goods.qty as double) * goods.unit_cost, 2) as decimal(18, 4)),
    goods.is_costless,
    null,
    case
        when invoices.has_order and invoices.dropped_day is null then 'OL' || goods.base_no || '-' || goods.j
    end,
    null,
    null,
    invoices.currency,
    invoices.cost_day,
    invoices.recorded,
    invoices.lines_changed,
    invoices.is_deleted
from invoices
inner join goods on invoices.base_no = goods.base_no
where invoices.basis <> 'contract' and not (invoices.is_partial and goods.j > 0);

create or replace temp view e_invoices as
select
    'F' || invoices.no as invoice_id,
    customer_id(invoices.c) as customer_id,
    invoices.date as invoice_date,
    case when invoices.credits_no is null then 'invoice' else 'credit_note' end as doc_type,
    case
        when known(invoices.cancelled_day) then 'cancelled'
        when invoices.dropped_day is not null then 'draft'
        when invoices.posted_day is not null and not known(invoices.posted_day) then 'draft'
        else 'posted'
    end as status,
    'F' || invoices.credits_no as credited_invoice_id,
    invoices.currency,
    -- Payments are not in the daily feed: only the first load tells what has been paid.
    case
        when known(invoices.overdue_day) then 'overdue'
        when $is_first and invoices.date < cut() - 45 then 'paid'
        else 'open'
    end as payment_status,
    totals.net_total,
    invoices.no as _order,
    invoices.recorded as _created,
    invoices._changed,
    invoices.is_deleted
from invoices
inner join (
    select no, cast(sum(case when credits_no is null then net else -net end) as decimal(18, 4)) as net_total
    from lines
    group by no
) as totals on invoices.no = totals.no;

create or replace temp view e_invoice_lines as
select
    'L' || no || '-' || j as invoice_line_id,
    'F' || no as invoice_id,
    product_id(p) as product_id,
    case when credits_no is null then qty else -qty end as qty,
    case when credits_no is null then net else -net end as net_amount,
    case when credits_no is null then list else -list end as list_amount,
    case
        when is_costless or (cost_day is not null and not known(cost_day)) then null
        when credits_no is null then cost
        else -cost
    end as cost_amount,
    'SEK' as cost_currency,
    contract_line_id,
    order_line_id,
    case when credits_no is not null and u(no, 'names_line') < 0.6 then 'L' || credits_no || '-' || j end
        as credited_invoice_line_id,
    service_from,
    service_to,
    no * 10 + j as _order,
    recorded as _created,
    lines_changed as _changed,
    is_deleted
from lines;
