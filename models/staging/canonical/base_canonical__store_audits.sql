{%- set key = {'audit_id': 'text'} -%}
{%- set columns = [
    'store_id', 'activity_id', 'rep_id', 'audited_at', 'source_id', 'recorded_at',
    'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'store_audits', 'key': key},
    )
}}

with

delivered as (
    {{ delivered_rows('store_audits', key | list + columns) }}
),

judged as (
    select
        *,
        {{ first_fault([
            missing_key('audit_id'),
            missing_required('store_id'),
            cast_fault('timestamp', 'audited_at'),
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
        {{ to_text('audit_id') }} as audit_id,
        {{ to_text('store_id') }} as store_id,
        {{ to_text('activity_id') }} as activity_id,
        {{ to_text('rep_id') }} as rep_id,
        {{ to_timestamp('audited_at') }} as audited_at,
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

{{ version_history('store_audits', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
