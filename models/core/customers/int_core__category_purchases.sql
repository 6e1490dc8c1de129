{{ config(materialized="incremental", pre_hook="{{ forget_changed_customers() }}") }}

with months as (
    select * from {{ ref('int_core__booking_months') }}
),

bounds as (
    select max(month_start) as last_month
    from months
),

histories as (
    select
        histories.*,
        months.knowledge_at
    from {{ ref('int_core__customer_histories') }} as histories
    cross join bounds
    inner join months
        on
            months.month_start = case
                when histories.version_to = cast('9999-12-31' as date) then bounds.last_month
                else {{ add_months('histories.version_to', -1) }}
            end
    where {{ is_changed_customer('histories.customer_id') }}
),

superseded as (
    select
        invoice_id,
        previous_booking_month as booking_month,
        booking_month as superseded_in
    from {{ ref('int_core__invoice_bookings') }}
    where previous_booking_month is not null
),

-- Invoices to the own group are no line states. Whose duplicate it turns out to be has bought what
-- is on them all the same.
internal_invoices as (
    select
        bookings.invoice_id,
        bookings.booking_month,
        bookings.knowledge_at,
        invoices.invoice_date,
        {{ surviving_customer('invoices.customer_id') }} as customer_id
    from {{ ref('int_core__invoice_bookings') }} as bookings
    inner join {{ ref('stg_canonical__invoices') }} as invoices
        on
            bookings.invoice_id = invoices.invoice_id
            and {{ known_at('invoices', 'bookings.knowledge_at') }}
            and bookings.booking_month >= {{ trunc_date('month', 'invoices.invoice_date') }}
    {{ join_surviving_customer('invoices.customer_id', 'bookings.knowledge_at') }}
    inner join {{ ref('int_core__customer_statements') }} as statements
        on
            {{ surviving_customer('invoices.customer_id') }} = statements.customer_id
            and {{ known_at('statements', 'bookings.knowledge_at') }}
            and statements.is_internal
    where
        invoices.status = 'posted'
        and invoices.doc_type = 'invoice'
        and not invoices.is_deleted
),

lines as (
    select
        invoice_id,
        booking_month,
        customer_id,
        invoice_date,
        product_category
    from {{ ref('int_core__invoice_line_states') }}
    where doc_type = 'invoice' and product_category is not null

    union all

    select
        internal_invoices.invoice_id,
        internal_invoices.booking_month,
        internal_invoices.customer_id,
        internal_invoices.invoice_date,
        products.product_category
    from internal_invoices
    inner join {{ ref('stg_canonical__invoice_lines') }} as invoice_lines
        on
            internal_invoices.invoice_id = invoice_lines.invoice_id
            and {{ known_at('invoice_lines', 'internal_invoices.knowledge_at') }}
            and not invoice_lines.is_deleted
    inner join {{ ref('stg_canonical__products') }} as products
        on
            invoice_lines.product_id = products.product_id
            and {{ known_at('products', 'internal_invoices.knowledge_at') }}
            and products.product_category is not null
),

invoiced as (
    select distinct
        histories.customer_id,
        histories.version_from,
        histories.version_to,
        lines.product_category,
        lines.invoice_date as bought_on
    from lines
    inner join histories
        on
            lines.customer_id = histories.member_id
            and lines.booking_month < histories.version_to
    left join superseded
        on
            lines.invoice_id = superseded.invoice_id
            and lines.booking_month = superseded.booking_month
    where
        superseded.superseded_in is null
        or superseded.superseded_in >= histories.version_to
),

signed as (
    select distinct
        histories.customer_id,
        histories.version_from,
        histories.version_to,
        coalesce(contract_lines.product_category, products.product_category) as product_category,
        versions.signed_at as bought_on,
        versions.contract_id
    from histories
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            histories.member_id = versions.customer_id
            and {{ known_at('versions', 'histories.knowledge_at') }}
    inner join {{ ref('stg_canonical__contract_lines') }} as contract_lines
        on
            versions.contract_id = contract_lines.contract_id
            and {{ known_at('contract_lines', 'histories.knowledge_at') }}
            and not contract_lines.is_deleted
    left join {{ ref('stg_canonical__products') }} as products
        on
            contract_lines.product_id = products.product_id
            and {{ known_at('products', 'histories.knowledge_at') }}
)

select
    customer_id,
    version_from,
    version_to,
    product_category,
    bought_on,
    cast(null as varchar) as contract_id
from invoiced

union all

select
    customer_id,
    version_from,
    version_to,
    product_category,
    bought_on,
    contract_id
from signed
where product_category is not null
