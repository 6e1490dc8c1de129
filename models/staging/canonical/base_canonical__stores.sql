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

delivered as not materialized (
    {{ delivered_rows('stores', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('store_id_delivered') }} as store_id,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_text('chain_delivered') }} as chain,
        {{ to_text('format_delivered') }} as format,
        {{ to_text('area_id_delivered') }} as area_id,
        {{ to_text('priority_class_delivered') }} as priority_class,
        {{ to_int('visit_frequency_per_cycle_delivered') }} as visit_frequency_per_cycle,
        {{ to_date('opened_delivered') }} as opened,
        {{ to_date('closed_delivered') }} as closed,
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
    from typed
),

{{ version_history('stores', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
