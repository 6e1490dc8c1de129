-- Months of the past whose figures by event date a night may change: those of records that the
-- rebuilt months book late. A contract that is booked again can reach back to any of its years.
with rebuild as (
    select * from {{ ref('int_core__rebuild') }}
),

invoices as (
    select distinct
        'invoices' as entity,
        {{ trunc_date('month', 'invoices.invoice_date') }} as event_month
    from {{ ref('int_core__invoice_bookings') }} as bookings
    inner join rebuild on bookings.booking_month >= rebuild.rebuild_from
    inner join {{ ref('stg_canonical__invoices') }} as invoices
        on
            bookings.invoice_id = invoices.invoice_id
            and bookings.booking_month > invoices.invoice_date
),

activities as (
    select distinct
        'activities' as entity,
        {{ trunc_date('month', local_date('activities.start_at')) }} as event_month
    from {{ ref('int_core__activity_bookings') }} as bookings
    inner join rebuild on bookings.booking_month >= rebuild.rebuild_from
    inner join {{ ref('stg_canonical__activities') }} as activities
        on
            bookings.activity_id = activities.activity_id
            and {{ local_date('activities.start_at') }} < bookings.booking_month
),

contracts as (
    select distinct
        'contracts' as entity,
        months.month_start as event_month
    from {{ ref('int_core__contract_bookings') }} as bookings
    inner join rebuild on bookings.booking_month >= rebuild.rebuild_from
    inner join {{ ref('int_core__booking_months') }} as months
        on bookings.booking_month > months.month_start
    where bookings.previous_booking_month is not null
)

select * from invoices
union all
select * from activities
union all
select * from contracts
