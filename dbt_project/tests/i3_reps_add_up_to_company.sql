-- I3 (decision 0.6): what the reps and `unassigned` are credited for a month adds up to what the
-- documents themselves changed by, computed without any credit: each booked contract or invoice as
-- it stands, less the way it stood when it was last booked. Overlay credit never enters it.
with contract_bookings as (
    select bookings.*
    from {{ ref('int_core__contract_bookings') }} as bookings
    inner join {{ ref('int_core__rebuild') }} as rebuild
        on bookings.booking_month >= rebuild.rebuild_from
),

invoice_bookings as (
    select bookings.*
    from {{ ref('int_core__invoice_bookings') }} as bookings
    inner join {{ ref('int_core__rebuild') }} as rebuild
        on bookings.booking_month >= rebuild.rebuild_from
),

company as (
    select
        'contract years' as fact,
        bookings.booking_month,
        sum(case
            when states.booking_month = bookings.booking_month then states.amount
            else -states.amount
        end) as amount
    from contract_bookings as bookings
    inner join {{ ref('int_core__contract_year_states') }} as states
        on
            bookings.contract_id = states.contract_id
            and states.booking_month in (bookings.booking_month, bookings.previous_booking_month)
    group by bookings.booking_month

    union all

    select
        'invoice lines' as fact,
        bookings.booking_month,
        sum(case
            when states.booking_month = bookings.booking_month then states.net_amount
            else -states.net_amount
        end) as amount
    from invoice_bookings as bookings
    inner join {{ ref('int_core__invoice_line_states') }} as states
        on
            bookings.invoice_id = states.invoice_id
            and states.booking_month in (bookings.booking_month, bookings.previous_booking_month)
    group by bookings.booking_month
),

reps as (
    select
        'contract years' as fact,
        credits.booking_month,
        sum(credits.amount) as amount
    from {{ ref('fct_contract_year_credits') }} as credits
    inner join {{ ref('int_core__rebuild') }} as rebuild
        on credits.booking_month >= rebuild.rebuild_from
    where credits.credit_type = 'revenue'
    group by credits.booking_month

    union all

    select
        'invoice lines' as fact,
        credits.booking_month,
        sum(credits.net_amount) as amount
    from {{ ref('fct_invoice_line_credits') }} as credits
    inner join {{ ref('int_core__rebuild') }} as rebuild
        on credits.booking_month >= rebuild.rebuild_from
    where credits.credit_type = 'revenue'
    group by credits.booking_month
)

select
    coalesce(company.fact, reps.fact) as fact,
    coalesce(company.booking_month, reps.booking_month) as booking_month,
    coalesce(company.amount, 0) as company_amount,
    coalesce(reps.amount, 0) as reps_amount
from company
full join reps on company.fact = reps.fact and company.booking_month = reps.booking_month
where coalesce(company.amount, 0) <> coalesce(reps.amount, 0)
