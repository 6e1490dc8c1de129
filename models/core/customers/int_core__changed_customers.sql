-- A full build looks at everybody anyway.
with rebuild as (
    select rebuild.*
    from {{ ref('int_core__rebuild') }} as rebuild
    cross join {{ ref('int_core__context') }} as context
    where not context.is_full
),

changed as (
    select invoices.customer_id
    from rebuild
    inner join {{ ref('int_core__invoice_bookings') }} as bookings
        on rebuild.rebuild_from <= bookings.booking_month
    inner join {{ ref('stg_canonical__invoices') }} as invoices
        on bookings.invoice_id = invoices.invoice_id

    union

    select contracts.customer_id
    from rebuild
    inner join {{ ref('int_core__contract_bookings') }} as bookings
        on rebuild.rebuild_from <= bookings.booking_month
    inner join {{ ref('stg_canonical__contracts') }} as contracts
        on bookings.contract_id = contracts.contract_id

    union

    select contracts.customer_id
    from rebuild
    inner join {{ ref('stg_canonical__products') }} as products
        on rebuild.rebuild_opens_at <= products.known_from
    inner join {{ ref('stg_canonical__contract_lines') }} as contract_lines
        on products.product_id = contract_lines.product_id
    inner join {{ ref('stg_canonical__contracts') }} as contracts
        on contract_lines.contract_id = contracts.contract_id

    union

    select customers.customer_id
    from rebuild
    inner join {{ ref('stg_canonical__customers') }} as customers
        on rebuild.rebuild_opens_at <= customers.known_from
),

-- Whoever they were ever merged into has their history, or had it.
merge_links as (
    select distinct
        customer_id,
        merged_into_id
    from {{ ref('int_core__customer_merges') }}
),

first_links as (
    select distinct merge_links.merged_into_id as customer_id
    from changed
    inner join merge_links on changed.customer_id = merge_links.customer_id
),

second_links as (
    select distinct merge_links.merged_into_id as customer_id
    from first_links
    inner join merge_links on first_links.customer_id = merge_links.customer_id
),

third_links as (
    select distinct merge_links.merged_into_id as customer_id
    from second_links
    inner join merge_links on second_links.customer_id = merge_links.customer_id
)

select customer_id from changed
union
select customer_id from first_links
union
select customer_id from second_links
union
select customer_id from third_links
