{%- set key = {'customer_id': 'text', 'rep_id': 'text', 'role': 'text', 'valid_from': 'date'} -%}
{%- set columns = [
    'valid_to', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'customer_assignments', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('customer_assignments', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_text('rep_id_delivered') }} as rep_id,
        {{ to_text('role_delivered') }} as role,
        {{ to_date('valid_from_delivered') }} as valid_from,
        {{ to_date('valid_to_delivered') }} as valid_to,
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
            missing_key('customer_id'),
            missing_key('rep_id'),
            missing_key('role'),
            missing_key('valid_from'),
            cast_fault('date', 'valid_from'),
            cast_fault('date', 'valid_to'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('role', ['owner', 'kam', 'service']),
        ]) }} as fault
    from typed
),

{{ version_history('customer_assignments', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
