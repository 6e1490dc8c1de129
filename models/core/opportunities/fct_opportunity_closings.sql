{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select * from {{ ref('int_core__booking_months') }}
),

bookings as (
    select * from {{ ref('int_core__opportunity_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

moments as (
    select
        opportunity_id,
        booking_month as posted_in,
        booking_month as known_in,
        cast(1 as integer) as sign
    from bookings

    union all

    select
        opportunity_id,
        booking_month as posted_in,
        previous_booking_month as known_in,
        cast(-1 as integer) as sign
    from bookings
    where previous_booking_month is not null
),

closed as (
    select
        moments.posted_in,
        moments.sign,
        months.knowledge_at,
        opportunities.opportunity_id,
        opportunities.known_from,
        opportunities.customer_id as delivered_customer_id,
        opportunities.outcome,
        opportunities.closed_at,
        {{ local_date('opportunities.closed_at') }} as event_date
    from moments
    cross join context
    inner join months on moments.known_in = months.month_start
    inner join {{ ref('stg_canonical__opportunities') }} as opportunities
        on
            moments.opportunity_id = opportunities.opportunity_id
            and {{ known_at('opportunities', 'months.knowledge_at') }}
    where
        not opportunities.is_deleted
        and opportunities.merged_into_id is null
        and opportunities.outcome in ('won', 'lost')
        and {{ local_date('opportunities.closed_at') }} < context.as_of
        and {{ trunc_date('month', local_date('opportunities.closed_at')) }} <= moments.known_in
),

history as (
    select
        closed.posted_in,
        closed.sign,
        closed.opportunity_id,
        changes.owner_rep_id,
        row_number() over (
            partition by closed.posted_in, closed.sign, closed.opportunity_id
            order by changes.entered_at desc
        ) as recency
    from closed
    inner join {{ ref('stg_canonical__opportunity_stage_history') }} as changes
        on
            closed.opportunity_id = changes.opportunity_id
            and {{ known_at('changes', 'closed.knowledge_at') }}
            and not changes.is_deleted
            and changes.owner_rep_id is not null
            and closed.event_date >= {{ local_date('changes.entered_at') }}
),

-- Where no history tells it, the owner is the one noted when the close was first recorded: whoever
-- took the opportunity over later did not close it.
noted as (
    select
        closed.posted_in,
        closed.sign,
        closed.opportunity_id,
        versions.owner_rep_id,
        row_number() over (
            partition by closed.posted_in, closed.sign, closed.opportunity_id
            order by versions.known_from
        ) as noted_no
    from closed
    inner join {{ ref('stg_canonical__opportunities') }} as versions
        on
            closed.opportunity_id = versions.opportunity_id
            and closed.outcome = versions.outcome
            and closed.closed_at = versions.closed_at
            and closed.known_from >= versions.known_from
            and not versions.is_deleted
),

with_customers as (
    select
        closed.*,
        coalesce(history.owner_rep_id, noted.owner_rep_id, 'unassigned') as rep_id,
        {{ surviving_customer('closed.delivered_customer_id') }} as customer_id
    from closed
    left join history
        on
            closed.posted_in = history.posted_in
            and closed.sign = history.sign
            and closed.opportunity_id = history.opportunity_id
            and history.recency = 1
    left join noted
        on
            closed.posted_in = noted.posted_in
            and closed.sign = noted.sign
            and closed.opportunity_id = noted.opportunity_id
            and noted.noted_no = 1
    {{ join_surviving_customer('closed.delivered_customer_id', 'closed.knowledge_at') }}
),

netted as (
    select
        with_customers.posted_in,
        with_customers.opportunity_id,
        with_customers.outcome,
        with_customers.event_date,
        with_customers.rep_id,
        with_customers.customer_id,
        customers.area_id,
        customers.business_category,
        customers.purchase_method,
        sum(with_customers.sign) as closings
    from with_customers
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            with_customers.customer_id = customers.customer_id
            and {{ known_at('customers', 'with_customers.knowledge_at') }}
    where coalesce(customers.is_internal, false) is false
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
    having sum(with_customers.sign) <> 0
)

select
    posted_in as booking_month,
    opportunity_id,
    outcome,
    event_date,
    greatest(event_date, posted_in) as booking_date,
    rep_id,
    customer_id,
    area_id,
    business_category,
    purchase_method,
    cast(closings as integer) as closings
from netted
