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

delivered as (
    {{ delivered_rows('survey_responses', key | list + columns) }}
),

judged as (
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
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('response_id') }} as response_id,
        {{ to_text('customer_id') }} as customer_id,
        {{ to_text('contact_id') }} as contact_id,
        {{ to_timestamp('answered_at') }} as answered_at,
        {{ to_int('score') }} as score,
        {{ to_text('survey_type') }} as survey_type,
        {{ to_text('source_id') }} as source_id,
        {{ to_timestamp('recorded_at') }} as recorded_at,
        {{ to_timestamp('created_recorded_at') }} as created_recorded_at,
        {{ to_timestamp('extracted_at') }} as extracted_at,
        coalesce({{ to_bool('is_deleted') }}, false) as is_deleted,
        source_system,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        fault,
        {{ content_hash(key | list + columns) }} as content_hash
    from judged
),

{{ version_history('survey_responses', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
