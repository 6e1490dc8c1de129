{%- set filled = [
    'activity_id', 'type', 'customer_id', 'opportunity_id', 'contact_id', 'owner_rep_id',
    'booked_by_rep_id', 'start_at', 'end_at', 'status', 'completed_at', 'source_id',
    'recorded_at', 'created_recorded_at', 'is_deleted'
] -%}
with

events as (
    select
        {{ salesforce_id('id') }} as activity_id,
        id,
        type,
        {{ salesforce_id_of('001', 'coalesce(account_id, what_id)') }} as customer_id,
        {{ salesforce_id_of('006', 'what_id') }} as opportunity_id,
        {{ salesforce_id_of('003', 'who_id') }} as contact_id,
        owner_id,
        created_by_id,
        status,
        start_date_time,
        end_date_time,
        coalesce({{ to_timestamp('end_date_time') }}, {{ to_timestamp('start_date_time') }})
            as ended_at,
        {{ to_timestamp('system_modstamp') }} as stored_at,
        is_deleted,
        created_date,
        system_modstamp,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row
    from {{ source('raw_salesforce', 'salesforce__event') }}
),

-- An event says when it is and not whether it was held, and is not delivered again when its time
-- has passed. So a version of it waits until then, which says that it was held; one that was moved,
-- called off or taken away meanwhile says so again when its earlier versions come to their time.
as_delivered as (
    select
        *,
        case
            when status is null and ended_at <= stored_at then 'held'
            else coalesce(status, 'planned')
        end as told_status,
        system_modstamp as told_at,
        1 as counted
    from events
),

held_later as (
    select
        *,
        'held' as told_status,
        end_date_time as told_at,
        0 as counted
    from events
    where status is null and ended_at > stored_at
),

waited_for as (
    select distinct
        later.source_file,
        later.record_no,
        earlier.end_date_time
    from events as later
    inner join events as earlier
        on
            later.activity_id = earlier.activity_id
            and later.stored_at > earlier.stored_at
            and later.extract_date >= earlier.extract_date
            and later.stored_at < earlier.ended_at
            and (later.ended_at is distinct from earlier.ended_at or later.status is not null)
    where earlier.status is null
),

told_again as (
    select
        events.*,
        case
            when
                events.status is null
                and events.ended_at <= {{ to_timestamp('waited_for.end_date_time') }}
                then 'held'
            else coalesce(events.status, 'planned')
        end as told_status,
        waited_for.end_date_time as told_at,
        0 as counted
    from events
    inner join waited_for
        on
            events.source_file = waited_for.source_file
            and events.record_no = waited_for.record_no
),

all_events as (
    select * from as_delivered

    union all

    select * from held_later

    union all

    select * from told_again
),

tasks as (
    select * from {{ source('raw_salesforce', 'salesforce__task') }}
),

mapped_events as (
    select
        activity_id,
        case
            when type in ('sales_meeting', 'visit', 'call', 'internal', 'email', 'task') then type
            when customer_id is null and contact_id is null and opportunity_id is null
                then 'internal'
            else 'sales_meeting'
        end as type,
        customer_id,
        opportunity_id,
        contact_id,
        {{ salesforce_id('owner_id') }} as owner_rep_id,
        {{ salesforce_id('created_by_id') }} as booked_by_rep_id,
        start_date_time as start_at,
        end_date_time as end_at,
        told_status as status,
        cast(null as varchar) as completed_at,
        id as source_id,
        told_at as recorded_at,
        created_date as created_recorded_at,
        is_deleted,
        'salesforce' as source_system,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        cast(counted as bigint) as counted_rows
    from all_events
),

mapped_tasks as (
    select
        {{ salesforce_id('id') }} as activity_id,
        case
            when task_subtype in ('sales_meeting', 'visit', 'call', 'internal', 'email')
                then task_subtype
            else 'task'
        end as type,
        {{ salesforce_id_of('001', 'coalesce(account_id, what_id)') }} as customer_id,
        {{ salesforce_id_of('006', 'what_id') }} as opportunity_id,
        {{ salesforce_id_of('003', 'who_id') }} as contact_id,
        {{ salesforce_id('owner_id') }} as owner_rep_id,
        {{ salesforce_id('created_by_id') }} as booked_by_rep_id,
        coalesce(completed_date_time, activity_date) as start_at,
        cast(null as varchar) as end_at,
        case when {{ to_bool('is_closed') }} then 'held' else 'planned' end as status,
        completed_date_time as completed_at,
        {{ salesforce_row() }}
    from tasks
),

mapped as (
    select * from mapped_events

    union all

    select
        activity_id,
        type,
        customer_id,
        opportunity_id,
        contact_id,
        owner_rep_id,
        booked_by_rep_id,
        start_at,
        end_at,
        status,
        completed_at,
        source_id,
        recorded_at,
        created_recorded_at,
        is_deleted,
        source_system,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        counted_rows
    from mapped_tasks
),

final as (
    {{ canonical_rows('activities', filled, 'mapped') }}
)

select * from final
