with context as (
    select * from {{ ref('int_core__context') }}
),

planned as (
    select
        activities.activity_id,
        activity_types.is_sales_meeting,
        activities.owner_rep_id,
        activities.opportunity_id,
        activities.start_at,
        {{ meeting_minutes('activities') }} as minutes,
        {{ is_prepared('activities') }} as is_prepared,
        {{ is_filled('activities.prep_fallback') }} as has_fallback,
        context.cut_off_utc,
        coalesce(activities.customer_id, stores.customer_id) as delivered_customer_id,
        {{ local_date('activities.start_at') }} as planned_on
    from context
    inner join {{ ref('stg_canonical__activities') }} as activities
        on {{ known_at('activities', 'context.cut_off_utc') }}
    inner join {{ ref('activity_types') }} as activity_types
        on activities.type = activity_types.activity_type and activity_types.is_customer_meeting
    left join {{ ref('stg_canonical__stores') }} as stores
        on
            activities.store_id = stores.store_id
            and {{ known_at('stores', 'context.cut_off_utc') }}
            and not stores.is_deleted
    where
        activities.status = 'planned'
        and not activities.is_deleted
        and {{ local_date('activities.start_at') }} >= context.as_of
),

participants as (
    select
        participants.activity_id,
        participants.participant_id as rep_id,
        coalesce(participants.attended, true) as is_coming
    from context
    inner join {{ ref('stg_canonical__activity_participants') }} as participants
        on {{ known_at('participants', 'context.cut_off_utc') }}
    where
        participants.participant_type = 'rep'
        and not participants.is_deleted
),

resolved as (
    select
        planned.activity_id,
        planned.is_sales_meeting,
        planned.planned_on,
        planned.start_at,
        planned.minutes,
        planned.opportunity_id,
        planned.is_prepared,
        planned.has_fallback,
        planned.cut_off_utc,
        coalesce(participants.rep_id, planned.owner_rep_id, 'unassigned') as rep_id,
        coalesce(participants.is_coming, true) as is_coming,
        {{ surviving_customer('planned.delivered_customer_id') }} as customer_id
    from planned
    left join participants on planned.activity_id = participants.activity_id
    {{ join_surviving_customer('planned.delivered_customer_id', 'planned.cut_off_utc') }}
)

select
    resolved.activity_id,
    resolved.rep_id,
    resolved.is_sales_meeting,
    resolved.planned_on,
    resolved.cut_off_utc as knowledge_at,
    resolved.start_at,
    resolved.minutes,
    resolved.customer_id,
    resolved.opportunity_id,
    customers.area_id,
    customers.business_category,
    customers.purchase_method,
    resolved.is_prepared,
    resolved.has_fallback
from resolved
left join {{ ref('stg_canonical__customers') }} as customers
    on
        resolved.customer_id = customers.customer_id
        and {{ known_at('customers', 'resolved.cut_off_utc') }}
where resolved.is_coming and coalesce(customers.is_internal, false) is false
