with context as (
    select
        as_of,
        cut_off_utc,
        company_currency,
        {{ add_days('as_of', -1) }} as rate_day
    from {{ ref('int_core__context') }}
),

last_month as (
    select max(month_start) as booking_month
    from {{ ref('int_core__booking_months') }}
),

customers as (
    select
        customers.customer_id,
        coalesce(customers.area_id, 'unassigned') as area_id,
        customers.potential_amount,
        coalesce(customers.currency, context.company_currency) as currency,
        context.rate_day
    from context
    inner join {{ ref('stg_canonical__customers') }} as customers
        on {{ known_at('customers', 'context.cut_off_utc') }} and not customers.is_deleted
    where
        not coalesce(customers.is_internal, false)
        and customers.merged_into_id is null
        and (customers.lost_at is null or customers.lost_at >= context.as_of)
)

select
    customers.customer_id,
    customers.area_id,
    areas.name as area_name,
    cast({{ money_mul('customers.potential_amount', 'rates.rate') }} as decimal(28, 4)) as potential
from customers
cross join last_month
cross join context
left join {{ ref('int_core__daily_rates') }} as rates
    on
        last_month.booking_month = rates.booking_month
        and customers.currency = rates.currency
        and customers.rate_day = rates.date_day
left join {{ ref('stg_canonical__areas') }} as areas
    on
        customers.area_id = areas.area_id
        and {{ known_at('areas', 'context.cut_off_utc') }}
        and not areas.is_deleted
