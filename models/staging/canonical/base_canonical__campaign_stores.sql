{%- set key = {'campaign_id': 'text', 'store_id': 'text'} -%}
{%- set columns = [
    'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'campaign_stores', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('campaign_stores', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('campaign_id_delivered') }} as campaign_id,
        {{ to_text('store_id_delivered') }} as store_id,
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
            missing_key('store_id'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('campaign_stores', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
