{%- set key = {'activity_id': 'text', 'participant_type': 'text', 'participant_id': 'text'} -%}
{%- set columns = [
    'role', 'attended', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at',
    'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'activity_participants', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('activity_participants', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('activity_id_delivered') }} as activity_id,
        {{ to_text('participant_type_delivered') }} as participant_type,
        {{ to_text('participant_id_delivered') }} as participant_id,
        {{ to_text('role_delivered') }} as role,
        {{ to_bool('attended_delivered') }} as attended,
        {{ to_text('source_id_delivered') }} as source_id,
        {{ to_timestamp('recorded_at_delivered') }} as recorded_at,
        {{ to_timestamp('created_recorded_at_delivered') }} as created_recorded_at,
        {{ to_timestamp('extracted_at_delivered') }} as extracted_at,
        {{ to_bool('is_deleted_delivered') }} as is_deleted
    from delivered
),

judged as not materialized (
    select
        *,
        {{ first_fault([
            missing_key('activity_id'),
            missing_key('participant_type'),
            missing_key('participant_id'),
            cast_fault('bool', 'attended'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('participant_type', ['rep', 'contact']),
        ]) }} as fault
    from typed
),

{{ version_history('activity_participants', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
