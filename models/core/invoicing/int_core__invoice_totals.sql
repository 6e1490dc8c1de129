with context as (
    select
        context.as_of,
        context.cut_off_utc,
        context.company_currency,
        {{ add_months(trunc_date('month', 'context.as_of'), '-parameters.invoice_control_months') }}
            as first_day
    from {{ ref('int_core__context') }} as context
    inner join {{ ref('int_core__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

months as (
    select max(month_start) as last_month
    from {{ ref('int_core__booking_months') }}
),

invoices as (
    select
        invoices.invoice_id,
        invoices.source_system,
        invoices.invoice_date,
        coalesce(invoices.currency, context.company_currency) as currency,
        invoices.net_total
    from context
    inner join {{ ref('stg_canonical__invoices') }} as invoices
        on
            {{ known_at('invoices', 'context.cut_off_utc') }}
            and invoices.invoice_date >= context.first_day
            and invoices.invoice_date < context.as_of
    where invoices.status = 'posted' and not invoices.is_deleted
),

lines as (
    select
        invoice_lines.invoice_id,
        sum(invoice_lines.net_amount) as lines_total
    from context
    inner join {{ ref('stg_canonical__invoice_lines') }} as invoice_lines
        on {{ known_at('invoice_lines', 'context.cut_off_utc') }}
    inner join invoices on invoice_lines.invoice_id = invoices.invoice_id
    where not invoice_lines.is_deleted
    group by invoice_lines.invoice_id
)

select
    invoices.invoice_id,
    invoices.source_system,
    invoices.invoice_date,
    invoices.net_total,
    cast(coalesce(lines.lines_total, 0) as decimal(18, 4)) as lines_total,
    cast({{ money_mul('invoices.net_total', 'rates.rate') }} as decimal(18, 4))
        as company_net_total,
    cast({{ money_mul('coalesce(lines.lines_total, 0)', 'rates.rate') }} as decimal(18, 4))
        as company_lines_total
from invoices
cross join months
left join lines on invoices.invoice_id = lines.invoice_id
left join {{ ref('int_core__daily_rates') }} as rates
    on
        months.last_month = rates.booking_month
        and invoices.currency = rates.currency
        and invoices.invoice_date = rates.date_day
