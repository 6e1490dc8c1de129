{%- set key = {'opportunity_id': 'text', 'step_role': 'text'} -%}
{%- set columns = [
    'contact_id', 'mapped_at', 'influence', 'source_id', 'recorded_at', 'created_recorded_at',
    'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'decision_ladder', 'key': key},
    )
}}

with

delivered as (
    {{ delivered_rows('decision_ladder', key | list + columns) }}
),

judged as (
    select
        *,
        {{ first_fault([
            missing_key('opportunity_id'),
            missing_key('step_role'),
            cast_fault('timestamp', 'mapped_at'),
            cast_fault('int', 'influence'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('step_role', ['initiator', 'influencer', 'decider', 'buyer', 'user']),
        ]) }} as fault
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('opportunity_id') }} as opportunity_id,
        {{ to_text('step_role') }} as step_role,
        {{ to_text('contact_id') }} as contact_id,
        {{ to_timestamp('mapped_at') }} as mapped_at,
        {{ to_int('influence') }} as influence,
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

{{ version_history('decision_ladder', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
