{%- set key = {'standard_id': 'text', 'valid_from': 'date'} -%}
{%- set columns = [
    'valid_to', 'format', 'point_type', 'ref_id', 'weight', 'possible', 'source_id', 'recorded_at',
    'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'store_standards', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('store_standards', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('standard_id_delivered') }} as standard_id,
        {{ to_date('valid_from_delivered') }} as valid_from,
        {{ to_date('valid_to_delivered') }} as valid_to,
        {{ to_text('format_delivered') }} as format,
        {{ to_text('point_type_delivered') }} as point_type,
        {{ to_text('ref_id_delivered') }} as ref_id,
        {{ to_share('weight_delivered') }} as weight,
        {{ to_decimal('possible_delivered') }} as possible,
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
            missing_key('standard_id'),
            missing_key('valid_from'),
            cast_fault('date', 'valid_from'),
            cast_fault('date', 'valid_to'),
            cast_fault('share', 'weight'),
            cast_fault('decimal', 'possible'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('format', ['hypermarket', 'supermarket', 'convenience', 'discount']),
            not_allowed('point_type', ['pos', 'second_placement', 'planogram', 'other']),
        ]) }} as fault
    from typed
),

{{ version_history('store_standards', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
