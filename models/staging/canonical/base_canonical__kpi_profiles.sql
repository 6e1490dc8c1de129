{%- set key = {'profile_id': 'text'} -%}
{%- set columns = [
    'name', 'type', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'kpi_profiles', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('kpi_profiles', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('profile_id_delivered') }} as profile_id,
        {{ to_text('name_delivered') }} as name,
        {{ to_text('type_delivered') }} as type,
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
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('type', ['b2b', 'field', 'kam', 'merchandiser', 'manager']),
        ]) }} as fault
    from typed
),

{{ version_history('kpi_profiles', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
