{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

bookings as (
    select
        contract_id,
        booking_month,
        lead(booking_month) over (
            partition by contract_id order by booking_month
        ) as next_booking_month
    from {{ ref('int_core__contract_bookings') }}
),

years as (
    select
        states.contract_line_id,
        states.contract_id,
        states.contract_year,
        states.year_start,
        states.year_end,
        {{ add_days('states.year_end', -1) }} as ended_on,
        states.customer_id,
        states.product_category,
        states.area_id,
        states.business_category,
        states.purchase_method,
        states.booking_month as known_in,
        bookings.next_booking_month,
        greatest(
            states.booking_month, {{ trunc_date('month', add_days('states.year_end', -1)) }}
        ) as booking_month
    from {{ ref('int_core__contract_year_states') }} as states
    inner join bookings
        on
            states.contract_id = bookings.contract_id
            and states.booking_month = bookings.booking_month
    where states.entry = 'recognition'
),

-- Decided once, in the first month in which the year was known to have ended.
counted as (
    select
        years.*,
        row_number() over (
            partition by years.contract_line_id, years.contract_year
            order by years.known_in
        ) as counting_no
    from years
    cross join context
    where
        years.year_end <= context.as_of
        and (years.next_booking_month is null or years.booking_month < years.next_booking_month)
),

first_counted as (
    select
        counted.*,
        months.knowledge_at
    from counted
    inner join {{ ref('int_core__booking_months') }} as months
        on counted.booking_month = months.month_start
    where counted.counting_no = 1 and {{ is_rebuilt('counted.booking_month') }}
),

owners as (
    select
        first_counted.contract_line_id,
        first_counted.contract_year,
        min(owners.rep_id) as rep_id
    from first_counted
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            first_counted.customer_id = owners.customer_id
            and owners.role = 'owner'
            and first_counted.ended_on >= owners.valid_from
            and first_counted.ended_on < owners.valid_to
            and {{ known_at('owners', 'first_counted.knowledge_at') }}
    group by first_counted.contract_line_id, first_counted.contract_year
)

select
    first_counted.booking_month,
    first_counted.contract_line_id,
    first_counted.contract_id,
    first_counted.contract_year,
    first_counted.year_start,
    first_counted.year_end,
    first_counted.ended_on,
    coalesce(owners.rep_id, 'unassigned') as rep_id,
    first_counted.customer_id,
    first_counted.product_category,
    case
        when first_counted.contract_year > 0 then 'renewal'
        else coalesce(channels.channel, 'renewal')
    end as channel,
    first_counted.area_id,
    first_counted.business_category,
    first_counted.purchase_method
from first_counted
left join owners
    on
        first_counted.contract_line_id = owners.contract_line_id
        and first_counted.contract_year = owners.contract_year
left join {{ ref('int_core__contract_line_channels') }} as channels
    on first_counted.contract_line_id = channels.contract_line_id
