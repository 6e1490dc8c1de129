{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

bookings as (
    select * from {{ ref('int_core__audit_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

moments as (
    select
        bookings.audit_id,
        bookings.booking_month as posted_in,
        bookings.booking_month as known_in,
        bookings.knowledge_at,
        cast(1 as integer) as sign
    from bookings

    union all

    select
        bookings.audit_id,
        bookings.booking_month as posted_in,
        bookings.previous_booking_month as known_in,
        bookings.previous_knowledge_at as knowledge_at,
        cast(-1 as integer) as sign
    from bookings
    where bookings.previous_booking_month is not null
),

made as (
    select
        moments.posted_in,
        moments.known_in,
        moments.sign,
        moments.knowledge_at,
        audits.audit_id,
        audits.store_id,
        stores.chain,
        stores.format,
        stores.priority_class,
        stores.area_id,
        {{ surviving_customer('stores.customer_id') }} as customer_id,
        {{ local_date('audits.audited_at') }} as event_date
    from moments
    inner join {{ ref('stg_canonical__store_audits') }} as audits
        on
            moments.audit_id = audits.audit_id
            and {{ known_at('audits', 'moments.knowledge_at') }}
            and not audits.is_deleted
    left join {{ ref('stg_canonical__stores') }} as stores
        on
            audits.store_id = stores.store_id
            and {{ known_at('stores', 'moments.knowledge_at') }}
            and not stores.is_deleted
    {{ join_surviving_customer('stores.customer_id', 'moments.knowledge_at') }}
),

owned as (
    select
        made.posted_in,
        made.sign,
        made.audit_id,
        min(owners.rep_id) as rep_id
    from made
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            made.customer_id = owners.customer_id
            and owners.role = 'owner'
            and made.event_date >= owners.valid_from
            and made.event_date < owners.valid_to
            and {{ known_at('owners', 'made.knowledge_at') }}
    group by made.posted_in, made.sign, made.audit_id
),

audits as (
    select
        made.posted_in,
        made.sign,
        made.knowledge_at,
        made.audit_id,
        made.store_id,
        made.chain,
        made.format,
        made.priority_class,
        made.customer_id,
        made.event_date,
        coalesce(owned.rep_id, 'unassigned') as rep_id,
        coalesce(made.area_id, customers.area_id) as area_id,
        customers.business_category,
        customers.purchase_method
    from made
    cross join context
    left join owned
        on
            made.posted_in = owned.posted_in
            and made.sign = owned.sign
            and made.audit_id = owned.audit_id
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            made.customer_id = customers.customer_id
            and {{ known_at('customers', 'made.knowledge_at') }}
    where
        made.event_date < context.as_of
        and {{ trunc_date('month', 'made.event_date') }} <= made.known_in
        and coalesce(customers.is_internal, false) is false
),

-- Audits look at competitors' products too, also such as the company has no record of.
lines as (
    select
        audits.*,
        lines.product_id,
        lines.is_listed,
        lines.is_on_shelf,
        lines.shelf_price,
        lines.currency,
        products.product_category
    from audits
    inner join {{ ref('stg_canonical__store_audit_lines') }} as lines
        on
            audits.audit_id = lines.audit_id
            and {{ known_at('lines', 'audits.knowledge_at') }}
            and not lines.is_deleted
    inner join {{ ref('stg_canonical__products') }} as products
        on
            lines.product_id = products.product_id
            and {{ known_at('products', 'audits.knowledge_at') }}
            and not products.is_deleted
            and coalesce(products.is_own, true)
),

-- `distinct` keeps the engine from joining prices by product alone before their scope is known.
scoped_lines as (
    select distinct
        lines.posted_in,
        lines.sign,
        lines.knowledge_at,
        lines.audit_id,
        lines.product_id,
        lines.event_date,
        lines.is_listed,
        lines.shelf_price,
        lines.currency,
        scopes.scope,
        case scopes.scope
            when 'chain' then lines.chain
            when 'format' then lines.format
            when 'class' then lines.priority_class
            else lines.store_id
        end as scope_id
    from lines
    cross join (values ('chain'), ('format'), ('class'), ('store')) as scopes (scope)
    where lines.is_listed is null or lines.shelf_price is not null
),

-- Where the audit does not say whether the store lists a product, the assortment agreed does.
expected as (
    select distinct
        scoped_lines.posted_in,
        scoped_lines.sign,
        scoped_lines.audit_id,
        scoped_lines.product_id
    from scoped_lines
    inner join {{ ref('stg_canonical__assortment_targets') }} as targets
        on
            scoped_lines.product_id = targets.product_id
            and scoped_lines.scope = targets.scope
            and scoped_lines.scope_id = targets.scope_id
            and {{ known_at('targets', 'scoped_lines.knowledge_at') }}
            and not targets.is_deleted
            and scoped_lines.event_date >= targets.valid_from
            and (targets.valid_to is null or scoped_lines.event_date < targets.valid_to)
    where scoped_lines.is_listed is null
),

-- The price the retailer gave for the day: a campaign price in its time before the list price, the
-- store's own before its chain's, the newest before older ones.
prices as (
    select
        scoped_lines.posted_in,
        scoped_lines.sign,
        scoped_lines.audit_id,
        scoped_lines.product_id,
        prices.price,
        prices.tolerance,
        row_number() over (
            partition by
                scoped_lines.posted_in,
                scoped_lines.sign,
                scoped_lines.audit_id,
                scoped_lines.product_id
            order by
                case when prices.price_type = 'campaign' then 0 else 1 end,
                case when prices.scope = 'store' then 0 else 1 end,
                prices.valid_from desc
        ) as place
    from scoped_lines
    inner join {{ ref('stg_canonical__retailer_prices') }} as prices
        on
            scoped_lines.product_id = prices.product_id
            and scoped_lines.scope = prices.scope
            and scoped_lines.scope_id = prices.scope_id
            and {{ known_at('prices', 'scoped_lines.knowledge_at') }}
            and not prices.is_deleted
            and prices.price > 0
            and scoped_lines.event_date >= prices.valid_from
            and (prices.valid_to is null or scoped_lines.event_date < prices.valid_to)
            and (
                prices.currency = scoped_lines.currency
                or prices.currency is null
                or scoped_lines.currency is null
            )
    where scoped_lines.shelf_price is not null and scoped_lines.scope in ('store', 'chain')
),

netted as (
    select
        lines.posted_in,
        lines.audit_id,
        lines.product_id,
        lines.event_date,
        lines.rep_id,
        lines.store_id,
        lines.customer_id,
        lines.product_category,
        lines.area_id,
        lines.business_category,
        lines.purchase_method,
        coalesce(lines.is_listed, expected.product_id is not null) as is_listed,
        lines.is_on_shelf,
        lines.shelf_price,
        prices.price as retailer_price,
        prices.tolerance,
        sum(lines.sign) as checks
    from lines
    left join expected
        on
            lines.posted_in = expected.posted_in
            and lines.sign = expected.sign
            and lines.audit_id = expected.audit_id
            and lines.product_id = expected.product_id
    left join prices
        on
            lines.posted_in = prices.posted_in
            and lines.sign = prices.sign
            and lines.audit_id = prices.audit_id
            and lines.product_id = prices.product_id
            and prices.place = 1
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16
    having sum(lines.sign) <> 0
)

select
    posted_in as booking_month,
    audit_id,
    product_id,
    event_date,
    greatest(event_date, posted_in) as booking_date,
    rep_id,
    store_id,
    customer_id,
    product_category,
    area_id,
    business_category,
    purchase_method,
    is_listed,
    is_on_shelf,
    shelf_price,
    retailer_price,
    tolerance,
    cast(checks as integer) as checks
from netted
