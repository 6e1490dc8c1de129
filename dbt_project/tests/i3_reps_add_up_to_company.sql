-- I3 (decision 0.6): what the reps and `unassigned` are credited for a month adds up to what the
-- documents themselves changed by, computed without any credit: each booked contract or invoice as
-- it stands, less the way it stood when it was last booked. Overlay credit never enters it.
with contract_bookings as (
    select bookings.*
    from {{ ref('int_core__contract_bookings') }} as bookings
    inner join {{ ref('int_core__rebuild') }} as rebuild
        on bookings.booking_month >= rebuild.rebuild_from
),

-- Of a month in which nothing was learnt only what falls due in it counts.
contract_years as (
    select states.*
    from {{ ref('int_core__contract_year_states') }} as states
    inner join {{ ref('int_core__contract_bookings') }} as bookings
        on
            states.contract_id = bookings.contract_id
            and states.booking_month = bookings.booking_month
    where
        bookings.is_compared
        or {{ trunc_date('month', 'states.event_date') }} = states.booking_month
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
            when years.booking_month = bookings.booking_month then years.amount
            else -years.amount
        end) as amount
    from contract_bookings as bookings
    inner join contract_years as years
        on
            bookings.contract_id = years.contract_id
            and (
                years.booking_month = bookings.booking_month
                or (
                    bookings.is_compared
                    and years.booking_month < bookings.booking_month
                    and years.booking_month
                    >= coalesce(bookings.compared_month, years.booking_month)
                )
            )
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
