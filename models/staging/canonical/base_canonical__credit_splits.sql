{%- set key = {
    'source_type': 'text', 'source_id': 'text', 'rep_id': 'text', 'credit_type': 'text'
} -%}
{%- set columns = [
    'share', 'valid_from', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'credit_splits', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('credit_splits', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('source_type_delivered') }} as source_type,
        {{ to_text('source_id_delivered') }} as source_id,
        {{ to_text('rep_id_delivered') }} as rep_id,
        {{ to_text('credit_type_delivered') }} as credit_type,
        {{ to_share('share_delivered') }} as share,
        {{ to_date('valid_from_delivered') }} as valid_from,
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
            missing_key('source_type'),
            missing_key('source_id'),
            missing_key('rep_id'),
            missing_key('credit_type'),
            cast_fault('share', 'share'),
            cast_fault('date', 'valid_from'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            too_small('share', 0),
            not_allowed('source_type', ['contract', 'invoice', 'opportunity']),
            not_allowed('credit_type', ['revenue', 'overlay']),
        ]) }} as fault
    from typed
),

{{ version_history('credit_splits', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
