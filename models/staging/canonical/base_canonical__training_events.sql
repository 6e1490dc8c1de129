{%- set key = {'rep_id': 'text', 'training_id': 'text', 'date': 'date'} -%}
{%- set columns = [
    'topic', 'hours', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at',
    'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'training_events', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('training_events', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('rep_id_delivered') }} as rep_id,
        {{ to_text('training_id_delivered') }} as training_id,
        {{ to_date('date_delivered') }} as date,
        {{ to_text('topic_delivered') }} as topic,
        {{ to_decimal('hours_delivered') }} as hours,
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
            missing_key('rep_id'),
            missing_key('training_id'),
            missing_key('date'),
            cast_fault('date', 'date'),
            cast_fault('decimal', 'hours'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('training_events', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
