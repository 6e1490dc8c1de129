{%- set key = {'response_id': 'text'} -%}
{%- set columns = [
    'customer_id', 'contact_id', 'answered_at', 'score', 'survey_type', 'source_id', 'recorded_at',
    'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'survey_responses', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('survey_responses', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('response_id_delivered') }} as response_id,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_text('contact_id_delivered') }} as contact_id,
        {{ to_timestamp('answered_at_delivered') }} as answered_at,
        {{ to_int('score_delivered') }} as score,
        {{ to_text('survey_type_delivered') }} as survey_type,
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
            missing_key('response_id'),
            missing_required('customer_id'),
            cast_fault('timestamp', 'answered_at'),
            cast_fault('int', 'score'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('survey_responses', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
