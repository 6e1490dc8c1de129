{%- set key = {'business_category': 'text'} -%}
{%- set columns = [
    'name', 'parent_id', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at',
    'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'business_categories', 'key': key},
    )
}}

with

delivered as (
    {{ delivered_rows('business_categories', key | list + columns) }}
),

judged as (
    select
        *,
        {{ first_fault([
            missing_key('business_category'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('business_category') }} as business_category,
        {{ to_text('name') }} as name,
        {{ to_text('parent_id') }} as parent_id,
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

{{ version_history('business_categories', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
