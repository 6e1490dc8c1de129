{%- set key = {'profile_id': 'text', 'kpi_id': 'text', 'valid_from': 'date'} -%}
{%- set columns = [
    'weight', 'cap', 'position', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at',
    'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'profile_kpis', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('profile_kpis', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('profile_id_delivered') }} as profile_id,
        {{ to_text('kpi_id_delivered') }} as kpi_id,
        {{ to_date('valid_from_delivered') }} as valid_from,
        {{ to_share('weight_delivered') }} as weight,
        {{ to_share('cap_delivered') }} as cap,
        {{ to_int('position_delivered') }} as position,
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
            missing_key('profile_id'),
            missing_key('kpi_id'),
            missing_key('valid_from'),
            cast_fault('date', 'valid_from'),
            cast_fault('share', 'weight'),
            cast_fault('share', 'cap'),
            cast_fault('int', 'position'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('profile_kpis', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
