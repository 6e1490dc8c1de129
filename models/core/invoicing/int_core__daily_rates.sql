{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select
        month_start as booking_month,
        month_end,
        knowledge_at
    from {{ ref('int_core__booking_months') }}
    where {{ is_rebuilt('month_start') }}
),

rates as (
    select *
    from {{ ref('stg_canonical__exchange_rates') }}
    where rate_type = 'daily' and not is_deleted and rate > 0
),

parameters as (
    select * from {{ ref('int_core__parameters') }}
),

ages as (
    select numbers.n
    from {{ ref('int_core__numbers') }} as numbers
    where numbers.n <= (select max(parameters.fx_max_age_days) from parameters)
),

candidates as (
    select
        months.booking_month,
        rates.currency,
        {{ add_days('rates.date', 'ages.n') }} as date_day,
        rates.rate,
        row_number() over (
            partition by
                months.booking_month, rates.currency, {{ add_days('rates.date', 'ages.n') }}
            order by rates.date desc
        ) as newest
    from months
    inner join rates on {{ known_at('rates', 'months.knowledge_at') }}
    inner join parameters
        on rates.date >= parameters.valid_from and rates.date < parameters.valid_to
    inner join ages
        on ages.n <= parameters.fx_max_age_days
    where {{ add_days('rates.date', 'ages.n') }} < months.month_end
)

select
    candidates.booking_month,
    candidates.currency,
    candidates.date_day,
    candidates.rate
from candidates
cross join context
where candidates.newest = 1 and candidates.currency <> context.company_currency

union all

select
    months.booking_month,
    context.company_currency as currency,
    dates.date_day,
    cast(1 as decimal(18, 10)) as rate
from months
cross join context
inner join {{ ref('int_core__dates') }} as dates on months.month_end > dates.date_day
