{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with this_month as (
    select max(month_start) as booking_month
    from {{ ref('int_core__booking_months') }}
),

core_parameters as (
    select * from {{ ref('int_core__parameters') }}
),

parameters as (
    select * from {{ ref('int_core__meeting_parameters') }}
),

-- Held meetings as every booking month knows them, and tonight's plans in the running month.
participations as (
    select
        booking_month,
        knowledge_at,
        activity_id,
        false as is_planned,
        event_date,
        start_at,
        rep_id,
        customer_id,
        opportunity_id,
        area_id,
        business_category,
        purchase_method,
        is_prepared,
        has_fallback
    from {{ ref('int_core__meeting_states') }}
    where {{ is_rebuilt('booking_month') }}

    union all

    select
        this_month.booking_month,
        planned.knowledge_at,
        planned.activity_id,
        true as is_planned,
        planned.planned_on as event_date,
        planned.start_at,
        planned.rep_id,
        planned.customer_id,
        planned.opportunity_id,
        planned.area_id,
        planned.business_category,
        planned.purchase_method,
        planned.is_prepared,
        planned.has_fallback
    from {{ ref('int_core__planned_meetings') }} as planned
    cross join this_month
),

-- What was known when the meeting began; of a planned one, what is known now.
meetings as (
    select distinct
        booking_month,
        knowledge_at,
        activity_id,
        event_date,
        start_at,
        least(start_at, knowledge_at) as seen_at,
        customer_id
    from participations
),

-- Records of duplicates belong to the customer they were merged into.
customer_records as (
    select distinct
        booking_month,
        customer_id,
        customer_id as record_customer_id
    from meetings
    where customer_id is not null

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
        meetings.event_date,
        meetings.start_at,
        meetings.seen_at,
        customer_records.record_customer_id
    from meetings
    inner join customer_records
        on
            meetings.booking_month = customer_records.booking_month
            and meetings.customer_id = customer_records.customer_id
),

open_opportunities as (
    select
        meeting_records.booking_month,
        meeting_records.activity_id,
        meeting_records.event_date,
        meeting_records.start_at,
        meeting_records.seen_at,
        opportunities.opportunity_id,
        opportunities.expected_decision_date
    from meeting_records
    inner join {{ ref('stg_canonical__opportunities') }} as opportunities
        on
            meeting_records.record_customer_id = opportunities.customer_id
            and {{ known_at('opportunities', 'meeting_records.seen_at') }}
    where
        not opportunities.is_deleted
        and opportunities.merged_into_id is null
        and coalesce(opportunities.created_at <= meeting_records.start_at, true)
        and coalesce(
            opportunities.closed_at > meeting_records.start_at,
            coalesce(opportunities.outcome, 'open') = 'open'
        )
),

-- The history of an opportunity says what was expected on the day; without one its record does.
expectations as (
    select
        open_opportunities.booking_month,
        open_opportunities.activity_id,
        open_opportunities.event_date,
        coalesce(history.expected_decision_date, open_opportunities.expected_decision_date)
            as expected_decision_date,
        row_number() over (
            partition by
                open_opportunities.booking_month,
                open_opportunities.activity_id,
                open_opportunities.opportunity_id
            order by history.entered_at desc nulls last
        ) as newest
    from open_opportunities
    left join {{ ref('stg_canonical__opportunity_stage_history') }} as history
        on
            open_opportunities.opportunity_id = history.opportunity_id
            and open_opportunities.start_at >= history.entered_at
            and {{ known_at('history', 'open_opportunities.seen_at') }}
            and not history.is_deleted
),

business as (
    select
        booking_month,
        activity_id,
        min(
            case
                when expected_decision_date >= event_date
                    then {{ days_between('event_date', 'expected_decision_date') }}
            end
        ) as decision_in_days
    from expectations
    where newest = 1
    group by booking_month, activity_id
),

targeted as (
    select distinct
        meeting_records.booking_month,
        meeting_records.activity_id
    from meeting_records
    inner join {{ ref('stg_canonical__target_lists') }} as target_lists
        on
            meeting_records.record_customer_id = target_lists.customer_id
            and {{ known_at('target_lists', 'meeting_records.seen_at') }}
            and not target_lists.is_deleted
            and meeting_records.event_date
            >= coalesce(target_lists.valid_from, meeting_records.event_date)
            and (
                target_lists.valid_to is null
                or meeting_records.event_date < target_lists.valid_to
            )
),

-- A contact is what the row says that began last.
guests as (
    select
        meetings.booking_month,
        meetings.activity_id,
        (coalesce(contacts.is_decision_maker, false) or coalesce(contacts.is_mobilizer, false))
        and not coalesce(contacts.is_deselected, false) as is_decider,
        row_number() over (
            partition by
                meetings.booking_month, meetings.activity_id, participants.participant_id
            order by contacts.valid_from desc nulls last
        ) as newest
    from meetings
    inner join {{ ref('stg_canonical__activity_participants') }} as participants
        on
            meetings.activity_id = participants.activity_id
            and participants.participant_type = 'contact'
            and {{ known_at('participants', 'meetings.knowledge_at') }}
            and not participants.is_deleted
            and coalesce(participants.attended, true)
    left join {{ ref('stg_canonical__contacts') }} as contacts
        on
            participants.participant_id = contacts.contact_id
            and {{ known_at('contacts', 'meetings.knowledge_at') }}
            and not contacts.is_deleted
            and meetings.event_date >= contacts.valid_from
            -- An `or` between both sides would make the engine compare every pair.
            and meetings.event_date < coalesce(contacts.valid_to, cast('9999-12-31' as date))
),

other_side as (
    select
        booking_month,
        activity_id,
        cast(count(*) as integer) as external_participants,
        max(case when is_decider then 1 else 0 end) as has_decider
    from guests
    where newest = 1
    group by booking_month, activity_id
),

-- Reps of one meeting, one of whom leads the other on the day. The dated reporting lines hold;
-- the manager of the rep's own record is asked only where there are no lines at all.
colleagues as (
    select
        reps.booking_month,
        reps.activity_id,
        reps.event_date,
        reps.knowledge_at,
        reps.rep_id,
        companions.rep_id as other_rep_id
    from participations as reps
    inner join participations as companions
        on
            reps.booking_month = companions.booking_month
            and reps.activity_id = companions.activity_id
            and reps.rep_id <> companions.rep_id
),

with_lines as (
    select
        colleagues.booking_month,
        colleagues.activity_id,
        colleagues.rep_id,
        colleagues.other_rep_id,
        max(
            case
                when
                    rep_managers.manager_rep_id = colleagues.other_rep_id
                    and colleagues.event_date >= rep_managers.valid_from
                    and colleagues.event_date
                    < coalesce(rep_managers.valid_to, cast('9999-12-31' as date))
                    then 1
                else 0
            end
        ) as is_led
    from colleagues
    inner join {{ ref('stg_canonical__rep_managers') }} as rep_managers
        on
            colleagues.rep_id = rep_managers.rep_id
            and {{ known_at('rep_managers', 'colleagues.knowledge_at') }}
            and not rep_managers.is_deleted
    group by 1, 2, 3, 4
),

led as (
    select
        colleagues.booking_month,
        colleagues.activity_id,
        colleagues.rep_id,
        colleagues.other_rep_id as manager_rep_id
    from colleagues
    left join with_lines
        on
            colleagues.booking_month = with_lines.booking_month
            and colleagues.activity_id = with_lines.activity_id
            and colleagues.rep_id = with_lines.rep_id
            and colleagues.other_rep_id = with_lines.other_rep_id
    left join {{ ref('stg_canonical__reps') }} as reps
        on
            colleagues.rep_id = reps.rep_id
            and {{ known_at('reps', 'colleagues.knowledge_at') }}
            and not reps.is_deleted
    where
        with_lines.is_led = 1
        or (with_lines.is_led is null and reps.manager_rep_id = colleagues.other_rep_id)
),

led_reps as (
    select distinct
        booking_month,
        activity_id,
        rep_id
    from led
),

leading_managers as (
    select distinct
        booking_month,
        activity_id,
        manager_rep_id
    from led
),

earlier_meetings as (
    select
        participations.booking_month,
        participations.activity_id,
        participations.rep_id,
        earlier.activity_id as earlier_activity_id
    from participations
    inner join parameters
        on
            participations.event_date >= parameters.valid_from
            and participations.event_date < parameters.valid_to
    inner join customer_records
        on
            participations.booking_month = customer_records.booking_month
            and participations.customer_id = customer_records.customer_id
    inner join {{ ref('fct_meeting_participations') }} as earlier
        on
            participations.rep_id = earlier.rep_id
            and customer_records.record_customer_id = earlier.customer_id
            and participations.booking_month >= earlier.booking_month
            and participations.event_date > earlier.event_date
            and earlier.event_date
            >= {{ add_days('participations.event_date', '-parameters.loyal_window_days') }}
    where participations.rep_id <> 'unassigned'
    group by 1, 2, 3, 4
    having sum(earlier.meetings) > 0
),

familiarity as (
    select
        booking_month,
        activity_id,
        rep_id,
        count(*) as earlier_meetings
    from earlier_meetings
    group by booking_month, activity_id, rep_id
),

-- Business of the customer before the day, as it was known at the closing.
customer_states as (
    select
        meetings.booking_month,
        meetings.activity_id,
        case
            when
                meetings.event_date
                < {{ add_days('min(spells.first_known_on)', 'core_parameters.new_invoicing_days') }}
                then 'new'
            when
                max(
                    case
                        when
                            meetings.event_date > spells.active_from
                            and meetings.event_date <= spells.active_until
                            then 1
                        else 0
                    end
                ) = 1
                then 'active'
            else 'passive'
        end as customer_state
    from meetings
    inner join core_parameters
        on
            meetings.event_date >= core_parameters.valid_from
            and meetings.event_date < core_parameters.valid_to
    inner join {{ ref('int_core__customer_spells') }} as spells
        on
            meetings.customer_id = spells.customer_id
            and meetings.booking_month >= spells.version_from
            and meetings.booking_month < spells.version_to
            and meetings.event_date > spells.first_known_on
    group by
        meetings.booking_month,
        meetings.activity_id,
        meetings.event_date,
        core_parameters.new_invoicing_days
)

select
    participations.booking_month,
    participations.activity_id,
    participations.is_planned,
    participations.event_date,
    participations.start_at,
    participations.rep_id,
    participations.customer_id,
    participations.opportunity_id,
    participations.area_id,
    participations.business_category,
    participations.purchase_method,
    coalesce(customer_states.customer_state, 'prospect') as customer_state,
    business.decision_in_days,
    business.activity_id is not null as has_open_opportunity,
    coalesce(
        targeted.activity_id is not null
        or business.decision_in_days < parameters.investment_horizon_days,
        false
    ) as is_right_customer,
    coalesce(other_side.external_participants, 0) as external_participants,
    coalesce(other_side.has_decider = 1, false) as has_decision_maker,
    participations.is_prepared,
    participations.is_prepared and participations.has_fallback as is_prepared_with_fallback,
    coalesce(
        familiarity.earlier_meetings >= parameters.loyal_min_meetings
        and business.activity_id is null,
        false
    ) as is_loyal_customer,
    led_reps.activity_id is not null as is_with_manager,
    leading_managers.activity_id is not null as is_with_own_rep
from participations
inner join parameters
    on
        participations.event_date >= parameters.valid_from
        and participations.event_date < parameters.valid_to
left join business
    on
        participations.activity_id = business.activity_id
        and participations.booking_month = business.booking_month
left join targeted
    on
        participations.activity_id = targeted.activity_id
        and participations.booking_month = targeted.booking_month
left join other_side
    on
        participations.activity_id = other_side.activity_id
        and participations.booking_month = other_side.booking_month
left join familiarity
    on
        participations.activity_id = familiarity.activity_id
        and participations.booking_month = familiarity.booking_month
        and participations.rep_id = familiarity.rep_id
left join led_reps
    on
        participations.activity_id = led_reps.activity_id
        and participations.booking_month = led_reps.booking_month
        and participations.rep_id = led_reps.rep_id
left join leading_managers
    on
        participations.activity_id = leading_managers.activity_id
        and participations.booking_month = leading_managers.booking_month
        and participations.rep_id = leading_managers.manager_rep_id
left join customer_states
    on
        participations.activity_id = customer_states.activity_id
        and participations.booking_month = customer_states.booking_month
