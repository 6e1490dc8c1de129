{%- set key = {'store_id': 'text'} -%}
{%- set columns = [
    'customer_id', 'chain', 'format', 'area_id', 'priority_class', 'visit_frequency_per_cycle',
    'opened', 'closed', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at',
    'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'stores', 'key': key},
    )
}}

with

delivered as (
    {{ delivered_rows('stores', key | list + columns) }}
),

judged as (
    select
        *,
        {{ first_fault([
            missing_key('store_id'),
            missing_required('customer_id'),
            cast_fault('int', 'visit_frequency_per_cycle'),
            cast_fault('date', 'opened'),
            cast_fault('date', 'closed'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('format', ['hypermarket', 'supermarket', 'convenience', 'discount']),
            not_allowed('priority_class', ['A', 'B', 'C']),
        ]) }} as fault
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('store_id') }} as store_id,
        {{ to_text('customer_id') }} as customer_id,
        {{ to_text('chain') }} as chain,
        {{ to_text('format') }} as format,
        {{ to_text('area_id') }} as area_id,
        {{ to_text('priority_class') }} as priority_class,
        {{ to_int('visit_frequency_per_cycle') }} as visit_frequency_per_cycle,
        {{ to_date('opened') }} as opened,
        {{ to_date('closed') }} as closed,
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

{{ version_history('stores', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
