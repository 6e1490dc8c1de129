{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with bookings as (
    select * from {{ ref('int_core__next_step_bookings') }}
    where {{ is_rebuilt('booking_month') }}
),

-- Meetings that are linked to an opportunity or held with a prospect, once their days are over.
participations as (
    select
        bookings.booking_month,
        bookings.knowledge_at,
        qualities.activity_id,
        qualities.event_date,
        qualities.start_at,
        {{ local_midnight_utc(add_days('qualities.event_date', 'parameters.next_step_days')) }}
            as due_at,
        qualities.rep_id,
        qualities.customer_id,
        qualities.opportunity_id,
        qualities.area_id,
        qualities.business_category,
        qualities.purchase_method,
        states.is_next_step_agreed
    from bookings
    inner join {{ ref('int_core__meeting_qualities') }} as qualities
        on
            bookings.activity_id = qualities.activity_id
            and bookings.booking_month = qualities.booking_month
            and not qualities.is_planned
    inner join {{ ref('int_core__meeting_states') }} as states
        on
            qualities.activity_id = states.activity_id
            and qualities.booking_month = states.booking_month
            and qualities.rep_id = states.rep_id
    inner join {{ ref('int_core__meeting_parameters') }} as parameters
        on
            qualities.event_date >= parameters.valid_from
            and qualities.event_date < parameters.valid_to
    where
        (qualities.opportunity_id is not null or qualities.customer_state = 'prospect')
        and {{ local_midnight_utc(add_days('qualities.event_date', 'parameters.next_step_days')) }}
        <= bookings.knowledge_at
),

meetings as (
    select distinct
        booking_month,
        knowledge_at,
        activity_id,
        start_at,
        due_at,
        customer_id,
        opportunity_id
    from participations
),

customer_records as (
    select distinct
        booking_month,
        customer_id,
        customer_id as record_customer_id
    from meetings

    union

    select
        booking_month,
        customer_id,
        record_customer_id
    from {{ ref('int_core__customer_aliases') }}
),

-- `distinct` keeps the engine from joining versions by moment alone before the customer is known.
meeting_records as (
    select distinct
        meetings.booking_month,
        meetings.knowledge_at,
        meetings.activity_id,
        meetings.start_at,
        meetings.due_at,
        meetings.opportunity_id,
        customer_records.record_customer_id
    from meetings
    inner join customer_records
        on
            meetings.booking_month = customer_records.booking_month
            and meetings.customer_id = customer_records.customer_id
),

contacts_with_customers as (
    select
        activities.activity_id,
        activities.created_recorded_at,
        activities.start_at,
        activities.known_from,
        activities.known_to,
        activities.customer_id,
        activities.store_id
    from {{ ref('stg_canonical__activities') }} as activities
    inner join {{ ref('activity_types') }} as activity_types
        on activities.type = activity_types.activity_type and activity_types.is_customer_contact
    where not activities.is_deleted and coalesce(activities.status, 'planned') <> 'cancelled'
),

-- Something more was entered with the customer after the meeting, and lies after it.
followed as (
    select distinct
        meeting_records.booking_month,
        meeting_records.activity_id
    from meeting_records
    inner join contacts_with_customers as more
        on
            meeting_records.record_customer_id = more.customer_id
            and meeting_records.activity_id <> more.activity_id
            and {{ known_at('more', 'meeting_records.knowledge_at') }}
            and meeting_records.start_at <= more.created_recorded_at
            and meeting_records.due_at > more.created_recorded_at
            and meeting_records.start_at < more.start_at

    union

    select distinct
        meeting_records.booking_month,
        meeting_records.activity_id
    from meeting_records
    inner join {{ ref('stg_canonical__stores') }} as stores
        on
            meeting_records.record_customer_id = stores.customer_id
            and {{ known_at('stores', 'meeting_records.knowledge_at') }}
            and not stores.is_deleted
    inner join contacts_with_customers as more
        on
            stores.store_id = more.store_id
            and more.customer_id is null
            and meeting_records.activity_id <> more.activity_id
            and {{ known_at('more', 'meeting_records.knowledge_at') }}
            and meeting_records.start_at <= more.created_recorded_at
            and meeting_records.due_at > more.created_recorded_at
            and meeting_records.start_at < more.start_at
),

-- The opportunity the meeting was about; without one, those of the customer.
about as (
    select
        meetings.booking_month,
        meetings.knowledge_at,
        meetings.activity_id,
        meetings.start_at,
        meetings.due_at,
        coalesce(opportunities.merged_into_id, meetings.opportunity_id) as opportunity_id
    from meetings
    left join {{ ref('stg_canonical__opportunities') }} as opportunities
        on
            meetings.opportunity_id = opportunities.opportunity_id
            and {{ known_at('opportunities', 'meetings.knowledge_at') }}
    where meetings.opportunity_id is not null

    union all

    select
        meeting_records.booking_month,
        meeting_records.knowledge_at,
        meeting_records.activity_id,
        meeting_records.start_at,
        meeting_records.due_at,
        opportunities.opportunity_id
    from meeting_records
    inner join {{ ref('stg_canonical__opportunities') }} as opportunities
        on
            meeting_records.record_customer_id = opportunities.customer_id
            and {{ known_at('opportunities', 'meeting_records.knowledge_at') }}
            and not opportunities.is_deleted
            and opportunities.merged_into_id is null
    where meeting_records.opportunity_id is null
),

stages as (
    select
        about.booking_month,
        about.activity_id,
        about.start_at,
        about.opportunity_id,
        history.entered_at,
        coalesce(opportunity_stages.rank, 0) as stage_rank,
        -- The stage in which a deal ends without business is no advance.
        coalesce(
            opportunities.outcome in ('lost', 'disqualified')
            and {{ local_date('history.entered_at') }}
            >= {{ local_date('opportunities.closed_at') }},
            false
        ) as is_the_end
    from about
    inner join {{ ref('stg_canonical__opportunity_stage_history') }} as history
        on
            about.opportunity_id = history.opportunity_id
            and about.due_at > history.entered_at
            and {{ known_at('history', 'about.knowledge_at') }}
            and not history.is_deleted
    left join {{ ref('stg_canonical__opportunity_stages') }} as opportunity_stages
        on
            history.stage = opportunity_stages.stage
            and {{ known_at('opportunity_stages', 'about.knowledge_at') }}
            and not opportunity_stages.is_deleted
    left join {{ ref('stg_canonical__opportunities') }} as opportunities
        on
            about.opportunity_id = opportunities.opportunity_id
            and {{ known_at('opportunities', 'about.knowledge_at') }}
),

ranked as (
    select
        stages.*,
        row_number() over (
            partition by stages.booking_month, stages.activity_id, stages.opportunity_id
            order by
                case when stages.entered_at < stages.start_at then stages.entered_at end
                desc nulls last,
                stages.stage_rank desc
        ) as nearest
    from stages
),

held_ranks as (
    select
        booking_month,
        activity_id,
        opportunity_id,
        stage_rank
    from ranked
    where nearest = 1 and entered_at < start_at
),

advanced as (
    select distinct
        stages.booking_month,
        stages.activity_id
    from stages
    left join held_ranks
        on
            stages.booking_month = held_ranks.booking_month
            and stages.activity_id = held_ranks.activity_id
            and stages.opportunity_id = held_ranks.opportunity_id
    where
        stages.entered_at >= stages.start_at
        and not stages.is_the_end
        and stages.stage_rank > coalesce(held_ranks.stage_rank, 0)
)

select
    participations.booking_month,
    participations.activity_id,
    participations.event_date,
    participations.rep_id,
    participations.customer_id,
    participations.area_id,
    participations.business_category,
    participations.purchase_method,
    participations.is_next_step_agreed
    or followed.activity_id is not null
    or advanced.activity_id is not null as has_next_step
from participations
left join followed
    on
        participations.activity_id = followed.activity_id
        and participations.booking_month = followed.booking_month
left join advanced
    on
        participations.activity_id = advanced.activity_id
        and participations.booking_month = advanced.booking_month
