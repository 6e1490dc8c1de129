with context as (
    select * from {{ ref('int_core__context') }}
),

-- Closed opportunities are needed as far back as any window of tonight looks.
look_back as (
    select coalesce(max(window_days), 0) as window_days
    from {{ ref('int_core__evaluations') }}
),

known as (
    select
        opportunities.opportunity_id,
        opportunities.owner_rep_id,
        opportunities.customer_id as delivered_customer_id,
        opportunities.stage,
        opportunities.is_qualified,
        opportunities.amount,
        opportunities.currency,
        opportunities.probability,
        opportunities.expected_close_date,
        coalesce(opportunities.outcome, 'open') as outcome,
        {{ local_date('opportunities.created_at') }} as opened_on,
        case
            when opportunities.outcome in ('won', 'lost')
                then {{ local_date('opportunities.closed_at') }}
        end as closed_on,
        context.as_of,
        context.cut_off_utc
    from context
    inner join {{ ref('stg_canonical__opportunities') }} as opportunities
        on {{ known_at('opportunities', 'context.cut_off_utc') }}
    where not opportunities.is_deleted and opportunities.merged_into_id is null
),

relevant as (
    select
        known.*,
        coalesce(known.closed_on, known.as_of) as valued_on
    from known
    cross join look_back
    where
        known.outcome = 'open'
        or (
            known.closed_on >= {{ add_days('known.as_of', '-look_back.window_days') }}
            and known.closed_on < known.as_of
        )
),

valued_days as (
    select distinct
        currency,
        valued_on
    from relevant
),

rates as (
    select
        valued_days.currency,
        valued_days.valued_on,
        rates.rate,
        row_number() over (
            partition by valued_days.currency, valued_days.valued_on
            order by rates.date desc
        ) as newest
    from valued_days
    cross join context
    inner join {{ ref('stg_canonical__exchange_rates') }} as rates
        on
            valued_days.currency = rates.currency
            and valued_days.valued_on >= rates.date
            and {{ known_at('rates', 'context.cut_off_utc') }}
    inner join {{ ref('int_core__parameters') }} as parameters
        on rates.date >= parameters.valid_from and rates.date < parameters.valid_to
    where
        rates.rate_type = 'daily'
        and not rates.is_deleted
        and rates.rate > 0
        and valued_days.currency <> context.company_currency
        and {{ days_between('rates.date', 'valued_days.valued_on') }} <= parameters.fx_max_age_days
),

-- An opportunity without an amount is worth nothing yet; one without a rate is unknown.
valued as (
    select
        relevant.*,
        case
            when coalesce(relevant.amount, 0) = 0 then 0
            else {{ money_mul(
                'relevant.amount',
                'case when relevant.currency = context.company_currency then 1 else rates.rate end'
            ) }}
        end as company_amount,
        coalesce(sales_stages.is_qualified, relevant.is_qualified, false) as is_qualified_stage,
        {{ surviving_customer('relevant.delivered_customer_id') }} as customer_id
    from relevant
    cross join context
    left join rates
        on
            relevant.currency = rates.currency
            and relevant.valued_on = rates.valued_on
            and rates.newest = 1
    left join {{ ref('stg_canonical__opportunity_stages') }} as sales_stages
        on
            relevant.stage = sales_stages.stage
            and {{ known_at('sales_stages', 'context.cut_off_utc') }}
            and not sales_stages.is_deleted
    {{ join_surviving_customer('relevant.delivered_customer_id', 'relevant.cut_off_utc') }}
),

with_customers as (
    select
        valued.*,
        customers.area_id,
        customers.business_category,
        customers.purchase_method,
        customers.lost_at,
        customers.customer_since,
        coalesce(valued.opened_on, valued.valued_on) as channel_on
    from valued
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            valued.customer_id = customers.customer_id
            and {{ known_at('customers', 'valued.cut_off_utc') }}
    where coalesce(customers.is_internal, false) is false
),

earlier_days as (
    select
        with_customers.opportunity_id,
        days.active_until,
        row_number() over (
            partition by with_customers.opportunity_id
            order by days.visible_from desc, days.booking_month desc, days.active_until desc
        ) as recency
    from with_customers
    inner join {{ ref('int_core__customer_days') }} as days
        on
            with_customers.customer_id = days.customer_id
            and with_customers.channel_on > days.visible_from
)

select
    with_customers.opportunity_id,
    with_customers.outcome = 'open' as is_open,
    with_customers.outcome,
    with_customers.is_qualified_stage as is_qualified,
    coalesce(with_customers.owner_rep_id, 'unassigned') as rep_id,
    with_customers.customer_id,
    with_customers.area_id,
    with_customers.business_category,
    with_customers.purchase_method,
    case
        when
            earlier_days.opportunity_id is null
            and coalesce(with_customers.customer_since < with_customers.channel_on, false) is false
            then 'new'
        when
            earlier_days.active_until < with_customers.channel_on
            or (
                with_customers.lost_at <= with_customers.channel_on
                and with_customers.lost_at
                > {{ add_days('earlier_days.active_until', '-parameters.passive_days') }}
            )
            then 'win_back'
        else 'upsell'
    end as channel,
    with_customers.expected_close_date,
    with_customers.closed_on,
    cast(with_customers.company_amount as decimal(18, 4)) as amount,
    cast(
        case
            when with_customers.probability between 0 and 1 then with_customers.probability
            else 0
        end as decimal(18, 10)
    ) as probability,
    case
        when with_customers.outcome = 'won'
            then
                greatest(
                    {{ days_between(
                        'coalesce(with_customers.opened_on, with_customers.closed_on)',
                        'with_customers.closed_on'
                    ) }},
                    1
                )
    end as cycle_days
from with_customers
inner join {{ ref('int_core__parameters') }} as parameters
    on
        with_customers.channel_on >= parameters.valid_from
        and with_customers.channel_on < parameters.valid_to
left join earlier_days
    on
        with_customers.opportunity_id = earlier_days.opportunity_id
        and earlier_days.recency = 1
