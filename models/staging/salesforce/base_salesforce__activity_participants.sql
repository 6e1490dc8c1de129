{%- set filled = [
    'activity_id', 'participant_type', 'participant_id', 'attended', 'source_id',
    'recorded_at', 'created_recorded_at', 'is_deleted'
] -%}
with

delivered as (
    select
        *,
        case
            when relation_id like '003%' then 'contact'
            when relation_id like '005%' then 'rep'
        end as kind
    from {{ source('raw_salesforce', 'salesforce__event_relation') }}
),

-- rooms, accounts and leads take part too, and are nobody whom a meeting is counted for: they are
-- there as deleted ones
people as (
    select
        id,
        event_id,
        relation_id,
        status,
        coalesce(kind, 'contact') as participant_type,
        case when kind is null then 'true' else is_deleted end as is_deleted,
        created_date,
        system_modstamp,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row
    from delivered
),

-- the one in whose calendar it is takes part, too, and is no relation of its own
owners as (
    select
        id,
        id as event_id,
        owner_id as relation_id,
        'Accepted' as status,
        'rep' as participant_type,
        is_deleted,
        created_date,
        system_modstamp,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        0 as counted
    from {{ source('raw_salesforce', 'salesforce__event') }}
    where owner_id like '005%'
),

everybody as (
    select
        people.*,
        1 as counted
    from people

    union all

    select * from owners
),

mapped as (
    select
        {{ salesforce_id('event_id') }} as activity_id,
        participant_type,
        {{ salesforce_id('relation_id') }} as participant_id,
        case status when 'Accepted' then 'true' when 'Declined' then 'false' end as attended,
        {{ salesforce_row(counted='counted') }}
    from everybody
),

final as (
    {{ canonical_rows('activity_participants', filled, 'mapped') }}
)

select * from final
