{%- set key = {'audit_id': 'text', 'product_category': 'text'} -%}
{%- set columns = [
    'own_facings', 'competitor_facings', 'empty_facings', 'source_id', 'recorded_at',
    'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'store_audit_facings', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('store_audit_facings', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('audit_id_delivered') }} as audit_id,
        {{ to_text('product_category_delivered') }} as product_category,
        {{ to_int('own_facings_delivered') }} as own_facings,
        {{ to_int('competitor_facings_delivered') }} as competitor_facings,
        {{ to_int('empty_facings_delivered') }} as empty_facings,
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
            missing_key('product_category'),
            cast_fault('int', 'own_facings'),
            cast_fault('int', 'competitor_facings'),
            cast_fault('int', 'empty_facings'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('store_audit_facings', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
