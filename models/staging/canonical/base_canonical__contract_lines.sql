{%- set key = {'contract_line_id': 'text'} -%}
{%- set columns = [
    'contract_id', 'product_category', 'product_id', 'annual_value', 'one_off_value',
    'expected_margin_rate', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at',
    'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'contract_lines', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('contract_lines', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('contract_line_id_delivered') }} as contract_line_id,
        {{ to_text('contract_id_delivered') }} as contract_id,
        {{ to_text('product_category_delivered') }} as product_category,
        {{ to_text('product_id_delivered') }} as product_id,
        {{ to_decimal('annual_value_delivered') }} as annual_value,
        {{ to_decimal('one_off_value_delivered') }} as one_off_value,
        {{ to_share('expected_margin_rate_delivered') }} as expected_margin_rate,
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
            missing_key('contract_line_id'),
            missing_required('contract_id'),
            cast_fault('decimal', 'annual_value'),
            cast_fault('decimal', 'one_off_value'),
            cast_fault('share', 'expected_margin_rate'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('contract_lines', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
