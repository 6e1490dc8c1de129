{%- set key = {'audit_id': 'text', 'point_type': 'text', 'ref_id': 'text'} -%}
{%- set columns = [
    'achieved', 'possible', 'is_present', 'location', 'product_category', 'brand', 'is_own',
    'planogram_id', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'store_audit_points', 'key': key},
    )
}}

with

delivered as (
    {{ delivered_rows('store_audit_points', key | list + columns) }}
),

judged as (
    select
        *,
        {{ first_fault([
            missing_key('audit_id'),
            missing_key('point_type'),
            missing_key('ref_id'),
            cast_fault('decimal', 'achieved'),
            cast_fault('decimal', 'possible'),
            cast_fault('bool', 'is_present'),
            cast_fault('bool', 'is_own'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('point_type', ['pos', 'second_placement', 'planogram', 'other']),
            not_allowed('location', ['aisle', 'endcap', 'entrance', 'checkout']),
        ]) }} as fault
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('audit_id') }} as audit_id,
        {{ to_text('point_type') }} as point_type,
        {{ to_text('ref_id') }} as ref_id,
        {{ to_decimal('achieved') }} as achieved,
        {{ to_decimal('possible') }} as possible,
        {{ to_bool('is_present') }} as is_present,
        {{ to_text('location') }} as location,
        {{ to_text('product_category') }} as product_category,
        {{ to_text('brand') }} as brand,
        {{ to_bool('is_own') }} as is_own,
        {{ to_text('planogram_id') }} as planogram_id,
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

{{ version_history('store_audit_points', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
