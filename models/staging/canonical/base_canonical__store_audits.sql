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

delivered as not materialized (
    {{ delivered_rows('store_audits', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('audit_id_delivered') }} as audit_id,
        {{ to_text('store_id_delivered') }} as store_id,
        {{ to_text('activity_id_delivered') }} as activity_id,
        {{ to_text('rep_id_delivered') }} as rep_id,
        {{ to_timestamp('audited_at_delivered') }} as audited_at,
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
            missing_key('audit_id'),
            missing_required('store_id'),
            cast_fault('timestamp', 'audited_at'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('store_audits', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
