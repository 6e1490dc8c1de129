{%- set key = {'distribution_id': 'text', 'month_no': 'int'} -%}
{%- set columns = [
    'weight', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'monthly_distributions', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('monthly_distributions', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('distribution_id_delivered') }} as distribution_id,
        {{ to_int('month_no_delivered') }} as month_no,
        {{ to_share('weight_delivered') }} as weight,
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
            missing_key('distribution_id'),
            missing_key('month_no'),
            cast_fault('int', 'month_no'),
            cast_fault('share', 'weight'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('monthly_distributions', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
