{%- set key = {
    'scope': 'text', 'scope_id': 'text', 'product_id': 'text', 'valid_from': 'date'
} -%}
{%- set columns = [
    'valid_to', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'assortment_targets', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('assortment_targets', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('scope_delivered') }} as scope,
        {{ to_text('scope_id_delivered') }} as scope_id,
        {{ to_text('product_id_delivered') }} as product_id,
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
            missing_key('scope'),
            missing_key('scope_id'),
            missing_key('product_id'),
            missing_key('valid_from'),
            cast_fault('date', 'valid_from'),
            cast_fault('date', 'valid_to'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('scope', ['chain', 'format', 'class', 'store']),
        ]) }} as fault
    from typed
),

{{ version_history('assortment_targets', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
