{%- set key = {'agreement_id': 'text'} -%}
{%- set columns = [
    'store_id', 'agreement_type', 'ref_id', 'campaign_id', 'quantity', 'valid_from', 'valid_to',
    'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'store_agreements', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('store_agreements', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('agreement_id_delivered') }} as agreement_id,
        {{ to_text('store_id_delivered') }} as store_id,
        {{ to_text('agreement_type_delivered') }} as agreement_type,
        {{ to_text('ref_id_delivered') }} as ref_id,
        {{ to_text('campaign_id_delivered') }} as campaign_id,
        {{ to_decimal('quantity_delivered') }} as quantity,
        {{ to_date('valid_from_delivered') }} as valid_from,
        {{ to_date('valid_to_delivered') }} as valid_to,
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
            missing_key('agreement_id'),
            missing_required('store_id'),
            cast_fault('decimal', 'quantity'),
            cast_fault('date', 'valid_from'),
            cast_fault('date', 'valid_to'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('agreement_type', ['pos', 'second_placement']),
        ]) }} as fault
    from typed
),

{{ version_history('store_agreements', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
