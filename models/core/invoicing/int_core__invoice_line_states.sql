{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

bookings as (
    select
        bookings.invoice_id,
        bookings.booking_month,
        bookings.previous_booking_month,
        months.knowledge_at
    from {{ ref('int_core__invoice_bookings') }} as bookings
    inner join {{ ref('int_core__booking_months') }} as months
        on bookings.booking_month = months.month_start
    where {{ is_rebuilt('bookings.booking_month') }}
),

invoices as (
    select * from {{ ref('stg_canonical__invoices') }}
    where status = 'posted' and not is_deleted
),

invoice_lines as (
    select * from {{ ref('stg_canonical__invoice_lines') }}
    where not is_deleted
),

-- An invoice counts from the month of its date on, and only once that day has passed.
posted as (
    select
        bookings.booking_month,
        bookings.previous_booking_month,
        bookings.knowledge_at,
        invoices.invoice_id,
        {{ surviving_customer('invoices.customer_id') }} as customer_id,
        invoices.invoice_date,
        invoices.doc_type,
        invoices.credited_invoice_id,
        invoices.currency
    from bookings
    inner join invoices
        on
            bookings.invoice_id = invoices.invoice_id
            and {{ known_at('invoices', 'bookings.knowledge_at') }}
            and bookings.booking_month >= {{ trunc_date('month', 'invoices.invoice_date') }}
    inner join context on invoices.invoice_date < context.as_of
    {{ join_surviving_customer('invoices.customer_id', 'bookings.knowledge_at') }}
),

invoice_headers as (
    select
        posted.*,
        customers.area_id,
        customers.business_category,
        customers.purchase_method,
        rates.rate
    from posted
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            posted.customer_id = customers.customer_id
            and {{ known_at('customers', 'posted.knowledge_at') }}
    left join {{ ref('int_core__daily_rates') }} as rates
        on
            posted.booking_month = rates.booking_month
            and posted.currency = rates.currency
            and posted.invoice_date = rates.date_day
    where coalesce(customers.is_internal, false) is false
),

lines as (
    select
        invoice_lines.invoice_line_id,
        invoice_lines.product_id,
        invoice_lines.contract_line_id,
        invoice_lines.credited_invoice_line_id,
        coalesce(invoice_lines.service_from, invoice_headers.invoice_date) as served_on,
        products.product_category,
        {{ money_mul('invoice_lines.qty', 'products.units_per_sales_unit') }} as base_qty,
        invoice_headers.booking_month,
        invoice_headers.previous_booking_month,
        invoice_headers.knowledge_at,
        invoice_headers.invoice_id,
        invoice_headers.customer_id,
        invoice_headers.invoice_date,
        invoice_headers.doc_type,
        invoice_headers.credited_invoice_id,
        invoice_headers.area_id,
        invoice_headers.business_category,
        invoice_headers.purchase_method,
        {{ money_mul('invoice_lines.net_amount', 'invoice_headers.rate') }} as net_amount,
        {{ money_mul('invoice_lines.cost_amount', 'cost_rates.rate') }} as cost_amount,
        invoice_lines.cost_amount is not null as is_costed
    from invoice_headers
    inner join invoice_lines
        on
            invoice_headers.invoice_id = invoice_lines.invoice_id
            and {{ known_at('invoice_lines', 'invoice_headers.knowledge_at') }}
    left join {{ ref('int_core__daily_rates') }} as cost_rates
        on
            invoice_headers.booking_month = cost_rates.booking_month
            and coalesce(invoice_lines.cost_currency, invoice_headers.currency)
            = cost_rates.currency
            and invoice_headers.invoice_date = cost_rates.date_day
    left join {{ ref('stg_canonical__products') }} as products
        on
            invoice_lines.product_id = products.product_id
            and {{ known_at('products', 'invoice_headers.knowledge_at') }}
),

-- The lines that a credit note takes back: the one it names, else the lines of the same product
-- on the invoice it names, in proportion to their amounts. What has not been counted yet cannot be
-- taken back: such a note stands for itself.
named_originals as (
    select
        lines.booking_month,
        lines.invoice_line_id,
        lines.knowledge_at,
        originals.invoice_line_id as attribution_line_id,
        originals.invoice_id as attribution_invoice_id,
        originals.contract_line_id as attribution_contract_line_id,
        originals.net_amount as weight
    from lines
    inner join invoice_lines as originals
        on
            lines.credited_invoice_line_id = originals.invoice_line_id
            and {{ known_at('originals', 'lines.knowledge_at') }}
    where lines.doc_type = 'credit_note'

    union all

    select
        lines.booking_month,
        lines.invoice_line_id,
        lines.knowledge_at,
        originals.invoice_line_id as attribution_line_id,
        originals.invoice_id as attribution_invoice_id,
        originals.contract_line_id as attribution_contract_line_id,
        originals.net_amount as weight
    from lines
    inner join invoice_lines as originals
        on
            lines.credited_invoice_id = originals.invoice_id
            and lines.product_id = originals.product_id
            and {{ known_at('originals', 'lines.knowledge_at') }}
    where lines.doc_type = 'credit_note' and lines.credited_invoice_line_id is null
),

originals as (
    select
        named_originals.booking_month,
        named_originals.invoice_line_id,
        named_originals.attribution_line_id,
        named_originals.attribution_invoice_id,
        named_originals.attribution_contract_line_id,
        {{ surviving_customer('invoices.customer_id') }} as attribution_customer_id,
        invoices.invoice_date as attribution_date,
        named_originals.weight,
        sum(named_originals.weight) over by_line as total_weight,
        row_number() over (
            partition by named_originals.booking_month, named_originals.invoice_line_id
            order by named_originals.weight desc, named_originals.attribution_line_id asc
        ) as attribution_no
    from named_originals
    inner join invoices
        on
            named_originals.attribution_invoice_id = invoices.invoice_id
            and {{ known_at('invoices', 'named_originals.knowledge_at') }}
            and named_originals.booking_month >= {{ trunc_date('month', 'invoices.invoice_date') }}
    inner join context on invoices.invoice_date < context.as_of
    {{ join_surviving_customer('invoices.customer_id', 'named_originals.knowledge_at') }}
    window by_line as (
        partition by named_originals.booking_month, named_originals.invoice_line_id
    )
),

-- Originals that cancel each other out give no proportions: the first one is taken.
credited as (
    select
        originals.*,
        coalesce(
            {{ ratio('weight', 'total_weight') }},
            case when originals.attribution_no = 1 then 1 else 0 end
        ) as attribution_share,
        count(*)
            over (partition by originals.booking_month, originals.invoice_line_id)
            as attributions
    from originals
),

-- The credit of a line follows what was known when the line it takes back was last booked.
attribution_months as (
    select
        credited.booking_month,
        credited.invoice_line_id,
        credited.attribution_line_id,
        max(bookings.booking_month) as attribution_month
    from credited
    inner join {{ ref('int_core__invoice_bookings') }} as bookings
        on
            credited.attribution_invoice_id = bookings.invoice_id
            and credited.booking_month >= bookings.booking_month
    group by credited.booking_month, credited.invoice_line_id, credited.attribution_line_id
),

attributed as (
    select
        lines.*,
        coalesce(credited.attribution_line_id, lines.invoice_line_id) as attribution_line_id,
        coalesce(credited.attribution_invoice_id, lines.invoice_id) as attribution_invoice_id,
        coalesce(credited.attribution_customer_id, lines.customer_id) as attribution_customer_id,
        coalesce(credited.attribution_date, lines.invoice_date) as attribution_date,
        case
            when credited.attribution_line_id is null then lines.contract_line_id
            else credited.attribution_contract_line_id
        end as attribution_contract_line_id,
        coalesce(attribution_months.attribution_month, lines.booking_month) as attribution_month,
        coalesce(credited.attribution_share, 1) as attribution_share,
        coalesce(credited.attribution_no, 1) as attribution_no,
        coalesce(credited.attributions, 1) as attributions
    from lines
    left join credited
        on
            lines.booking_month = credited.booking_month
            and lines.invoice_line_id = credited.invoice_line_id
            and credited.attribution_share <> 0
    left join attribution_months
        on
            credited.booking_month = attribution_months.booking_month
            and credited.invoice_line_id = attribution_months.invoice_line_id
            and credited.attribution_line_id = attribution_months.attribution_line_id
),

plain as (
    select
        attributed.*,
        attributed.net_amount as part_net_amount,
        attributed.cost_amount as part_cost_amount,
        attributed.base_qty as part_base_qty
    from attributed
    where attributed.attributions = 1
),

-- The largest original takes what rounding leaves.
shared_parts as (
    select
        attributed.*,
        {{ money_mul('attributed.net_amount', 'attributed.attribution_share') }} as net_part,
        {{ money_mul('attributed.cost_amount', 'attributed.attribution_share') }} as cost_part,
        {{ money_mul('attributed.base_qty', 'attributed.attribution_share') }} as base_qty_part
    from attributed
    where attributed.attributions > 1
),

shared as (
    select
        shared_parts.*,
        shared_parts.net_amount - sum(shared_parts.net_part) over by_line as net_rest,
        shared_parts.cost_amount - sum(shared_parts.cost_part) over by_line as cost_rest,
        shared_parts.base_qty - sum(shared_parts.base_qty_part) over by_line as base_qty_rest
    from shared_parts
    window by_line as (
        partition by shared_parts.booking_month, shared_parts.invoice_line_id
    )
),

parts as (
    select
        booking_month,
        previous_booking_month,
        invoice_line_id,
        attribution_line_id,
        attribution_invoice_id,
        attribution_contract_line_id,
        attribution_customer_id,
        attribution_date,
        attribution_month,
        invoice_id,
        customer_id,
        invoice_date,
        doc_type,
        product_id,
        product_category,
        served_on,
        area_id,
        business_category,
        purchase_method,
        is_costed,
        part_net_amount as net_amount,
        part_cost_amount as cost_amount,
        part_base_qty as base_qty
    from plain

    union all

    select
        booking_month,
        previous_booking_month,
        invoice_line_id,
        attribution_line_id,
        attribution_invoice_id,
        attribution_contract_line_id,
        attribution_customer_id,
        attribution_date,
        attribution_month,
        invoice_id,
        customer_id,
        invoice_date,
        doc_type,
        product_id,
        product_category,
        served_on,
        area_id,
        business_category,
        purchase_method,
        is_costed,
        net_part + case when attribution_no = 1 then net_rest else 0 end as net_amount,
        cost_part + case when attribution_no = 1 then cost_rest else 0 end as cost_amount,
        base_qty_part + case when attribution_no = 1 then base_qty_rest else 0 end as base_qty
    from shared
)

select
    booking_month,
    previous_booking_month,
    invoice_line_id,
    attribution_line_id,
    attribution_invoice_id,
    attribution_contract_line_id,
    attribution_customer_id,
    attribution_date,
    attribution_month,
    invoice_id,
    customer_id,
    invoice_date,
    served_on,
    doc_type,
    product_id,
    product_category,
    area_id,
    business_category,
    purchase_method,
    is_costed,
    cast(net_amount as decimal(18, 4)) as net_amount,
    cast(cost_amount as decimal(18, 4)) as cost_amount,
    cast(base_qty as decimal(18, 4)) as base_qty
from parts
