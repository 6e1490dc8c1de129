with context as (
    select * from {{ ref('int_core__context') }}
),

begun as (
    select
        dates.*,
        context.as_of
    from {{ ref('int_core__dates') }} as dates
    cross join context
    inner join {{ ref('int_core__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
    where
        dates.date_day < context.as_of
        and dates.year_start
        >= cast(cast(parameters.history_begins_year as varchar) || '-01-01' as date)
),

-- A figure of a sales period is found by its first day: of two that begin together the longer one
-- is the company's, and the other has no figures.
sales_periods as (
    select
        sales_periods.start_date,
        sales_periods.end_date_excl,
        row_number() over (
            partition by sales_periods.start_date
            order by sales_periods.end_date_excl desc, sales_periods.sales_period_id asc
        ) as longest
    from context
    inner join {{ ref('stg_canonical__sales_periods') }} as sales_periods
        on
            {{ known_at('sales_periods', 'context.cut_off_utc') }}
            and sales_periods.start_date < context.as_of
    where
        not sales_periods.is_deleted
        and sales_periods.team_id is null
        and sales_periods.start_date < sales_periods.end_date_excl
),

periods as (
    select distinct
        'week' as period_type,
        week_start as period_start,
        {{ add_days('week_start', 7) }} as period_end,
        '' as campaign_id
    from begun

    union all

    select distinct
        'month' as period_type,
        month_start as period_start,
        {{ add_months('month_start', 1) }} as period_end,
        '' as campaign_id
    from begun

    union all

    select distinct
        'quarter' as period_type,
        quarter_start as period_start,
        {{ add_months('quarter_start', 3) }} as period_end,
        '' as campaign_id
    from begun

    union all

    select distinct
        'year' as period_type,
        year_start as period_start,
        {{ add_months('year_start', 12) }} as period_end,
        '' as campaign_id
    from begun

    union all

    select
        'sales_period' as period_type,
        start_date as period_start,
        end_date_excl as period_end,
        '' as campaign_id
    from sales_periods
    where longest = 1

    union all

    select
        'campaign' as period_type,
        campaigns.start_date as period_start,
        campaigns.end_date_excl as period_end,
        campaigns.campaign_id
    from context
    inner join {{ ref('stg_canonical__campaigns') }} as campaigns
        on
            {{ known_at('campaigns', 'context.cut_off_utc') }}
            and campaigns.start_date < context.as_of
    where not campaigns.is_deleted and campaigns.start_date < campaigns.end_date_excl
)

select
    periods.period_type,
    periods.period_start,
    periods.period_end,
    periods.campaign_id,
    least(periods.period_end, context.as_of) as evaluated_to,
    {{ trunc_date('month', add_days('least(periods.period_end, context.as_of)', -1)) }}
        as last_booking_month,
    coalesce(months.is_closed, false) as is_closed
from periods
cross join context
left join {{ ref('int_core__booking_months') }} as months
    on
        {{ trunc_date('month', add_days('periods.period_end', -1)) }} = months.month_start
        and periods.period_end <= context.as_of
