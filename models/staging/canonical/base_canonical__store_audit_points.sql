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

delivered as not materialized (
    {{ delivered_rows('store_audit_points', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('audit_id_delivered') }} as audit_id,
        {{ to_text('point_type_delivered') }} as point_type,
        {{ to_text('ref_id_delivered') }} as ref_id,
        {{ to_decimal('achieved_delivered') }} as achieved,
        {{ to_decimal('possible_delivered') }} as possible,
        {{ to_bool('is_present_delivered') }} as is_present,
        {{ to_text('location_delivered') }} as location,
        {{ to_text('product_category_delivered') }} as product_category,
        {{ to_text('brand_delivered') }} as brand,
        {{ to_bool('is_own_delivered') }} as is_own,
        {{ to_text('planogram_id_delivered') }} as planogram_id,
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
    from typed
),

{{ version_history('store_audit_points', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
