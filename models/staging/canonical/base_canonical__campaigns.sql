{%- set key = {'campaign_id': 'text'} -%}
{%- set columns = [
    'name', 'start_date', 'end_date_excl', 'product_category', 'brand', 'product_id', 'source_id',
    'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'campaigns', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('campaigns', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('campaign_id_delivered') }} as campaign_id,
        {{ to_text('name_delivered') }} as name,
        {{ to_date('start_date_delivered') }} as start_date,
        {{ to_date('end_date_excl_delivered') }} as end_date_excl,
        {{ to_text('product_category_delivered') }} as product_category,
        {{ to_text('brand_delivered') }} as brand,
        {{ to_text('product_id_delivered') }} as product_id,
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
            missing_key('campaign_id'),
            cast_fault('date', 'start_date'),
            cast_fault('date', 'end_date_excl'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('campaigns', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
