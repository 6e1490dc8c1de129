with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select
        months.month_start,
        months.month_end,
        months.knowledge_at,
        row_number() over (order by months.month_start desc) = 1 as is_last,
        least(months.month_end, context.as_of) as seen_on,
        least({{ add_days('months.month_end', -1) }}, context.as_of) as owned_on
    from {{ ref('int_core__booking_months') }} as months
    cross join context
),

-- A meeting counts once, however many took part; one that was only corrected came before.
met as (
    select distinct
        booking_month,
        customer_id,
        activity_id
    from (
        select
            booking_month,
            customer_id,
            activity_id,
            event_date < booking_month as is_late
        from {{ ref('fct_meeting_participations') }}
        group by 1, 2, 3, 4
        having sum(meetings) > 0
    ) as counted
),

meeting_days as (
    select
        customer_id,
        activity_id,
        event_date
    from {{ ref('fct_meeting_participations') }}
    group by customer_id, activity_id, event_date
    having sum(meetings) > 0
),

measures as (
    select
        booking_month as month_start,
        customer_id,
        volume,
        invoicing,
        margin,
        0 as meetings,
        cast(null as date) as met_on,
        0 as deliveries,
        0 as precise_deliveries,
        0 as answers,
        0 as verdict
    from {{ ref('fct_customer_months') }}

    union all

    select
        booking_month as month_start,
        customer_id,
        0 as volume,
        0 as invoicing,
        0 as margin,
        count(*) as meetings,
        cast(null as date) as met_on,
        0 as deliveries,
        0 as precise_deliveries,
        0 as answers,
        0 as verdict
    from met
    group by booking_month, customer_id

    union all

    select
        {{ trunc_date('month', 'event_date') }} as month_start,
        customer_id,
        0 as volume,
        0 as invoicing,
        0 as margin,
        0 as meetings,
        max(event_date) as met_on,
        0 as deliveries,
        0 as precise_deliveries,
        0 as answers,
        0 as verdict
    from meeting_days
    group by 1, 2

    union all

    select
        booking_month as month_start,
        customer_id,
        0 as volume,
        0 as invoicing,
        0 as margin,
        0 as meetings,
        cast(null as date) as met_on,
        sum(deliveries) as deliveries,
        sum(case when is_precise then deliveries else 0 end) as precise_deliveries,
        0 as answers,
        0 as verdict
    from {{ ref('fct_deliveries') }}
    group by booking_month, customer_id

    union all

    select
        period_start as month_start,
        customer_id,
        0 as volume,
        0 as invoicing,
        0 as margin,
        0 as meetings,
        cast(null as date) as met_on,
        0 as deliveries,
        0 as precise_deliveries,
        1 as answers,
        case when score >= 9 then 1 when score <= 6 then -1 else 0 end as verdict
    from {{ ref('int_core__survey_answers') }}
    where period_type = 'month'

    union all

    -- In the last month everybody has a row: that is where plans and pipeline stand.
    select
        months.month_start,
        customers.customer_id,
        0 as volume,
        0 as invoicing,
        0 as margin,
        0 as meetings,
        cast(null as date) as met_on,
        0 as deliveries,
        0 as precise_deliveries,
        0 as answers,
        0 as verdict
    from months
    cross join {{ ref('dim_customers') }} as customers
    where
        months.is_last
        and customers.merged_into_id is null
        and not customers.is_internal
),

-- Where a rate is missing the sum is unknown, not less.
summed as (
    select
        measures.month_start,
        {{ surviving_customer('measures.customer_id') }} as customer_id,
        case when count(measures.volume) = count(*) then sum(measures.volume) end as volume,
        case when count(measures.invoicing) = count(*) then sum(measures.invoicing) end
            as invoicing,
        case when count(measures.margin) = count(*) then sum(measures.margin) end as margin,
        sum(measures.meetings) as meetings,
        max(measures.met_on) as met_on,
        sum(measures.deliveries) as deliveries,
        sum(measures.precise_deliveries) as precise_deliveries,
        sum(measures.answers) as answers,
        sum(measures.verdict) as verdict
    from measures
    cross join context
    {{ join_surviving_customer('measures.customer_id', 'context.cut_off_utc') }}
    group by 1, 2
),

figures as (
    select
        summed.*,
        months.is_last,
        months.seen_on,
        months.owned_on,
        months.knowledge_at,
        customers.lost_at,
        max(summed.met_on) over (
            partition by summed.customer_id order by summed.month_start
            rows between unbounded preceding and current row
        ) as last_meeting_on
    from summed
    inner join months on summed.month_start = months.month_start
    left join {{ ref('dim_customers') }} as customers on summed.customer_id = customers.customer_id
    where summed.customer_id is not null
),

assigned as (
    select
        figures.month_start,
        figures.customer_id,
        min(case when owners.role = 'owner' then owners.rep_id end) as owner_rep_id,
        min(case when owners.role = 'kam' then owners.rep_id end) as kam_rep_id
    from figures
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            figures.customer_id = owners.customer_id
            and figures.owned_on >= owners.valid_from
            and figures.owned_on < owners.valid_to
            and {{ known_at('owners', 'figures.knowledge_at') }}
    group by figures.month_start, figures.customer_id
),

-- What the next deal with the customer would be.
states as (
    select
        figures.month_start,
        figures.customer_id,
        case
            when
                max(
                    case
                        when
                            figures.seen_on > spells.active_from
                            and figures.seen_on <= spells.active_until
                            then 1
                        else 0
                    end
                ) = 1
                then 'upsell'
            else 'win_back'
        end as channel
    from figures
    inner join {{ ref('int_core__customer_spells') }} as spells
        on
            figures.customer_id = spells.customer_id
            and figures.month_start >= spells.version_from
            and figures.month_start < spells.version_to
            and figures.seen_on > spells.first_known_on
    group by figures.month_start, figures.customer_id
),

pipelines as (
    select
        opportunities.customer_id,
        case
            when count(opportunities.amount) = count(*) then sum(opportunities.amount)
        end as amount
    from {{ ref('int_core__opportunities') }} as opportunities
    inner join context on opportunities.expected_close_date >= context.as_of
    where opportunities.is_open
    group by opportunities.customer_id
),

plans as (
    select
        customer_id,
        min(planned_on) as planned_on
    from {{ ref('int_core__planned_meetings') }}
    group by customer_id
)

select
    figures.customer_id,
    figures.month_start as month,
    coalesce(assigned.owner_rep_id, 'unassigned') as owner_rep_id,
    assigned.kam_rep_id,
    coalesce(states.channel, 'new') as channel,
    cast(figures.volume as decimal(28, 4)) as volume,
    cast(figures.invoicing as decimal(28, 4)) as invoicing,
    cast(figures.margin as decimal(28, 4)) as margin,
    cast(
        case
            when not figures.is_last then null
            when pipelines.customer_id is null then 0
            else pipelines.amount
        end as decimal(28, 4)
    ) as open_pipeline,
    cast(figures.meetings as integer) as meetings,
    figures.last_meeting_on,
    case when figures.is_last then plans.planned_on end as next_meeting_on,
    cast(figures.answers as integer) as survey_answers,
    cast({{ ratio('figures.verdict * 100', 'figures.answers', 4) }} as decimal(18, 4)) as nps,
    cast(figures.deliveries as integer) as deliveries,
    cast({{ ratio('figures.precise_deliveries', 'figures.deliveries') }} as decimal(28, 10))
        as delivery_precision,
    figures.lost_at
from figures
left join assigned
    on
        figures.month_start = assigned.month_start
        and figures.customer_id = assigned.customer_id
left join states
    on
        figures.month_start = states.month_start
        and figures.customer_id = states.customer_id
left join pipelines on figures.customer_id = pipelines.customer_id
left join plans on figures.customer_id = plans.customer_id
