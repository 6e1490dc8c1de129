{%- set key = {'opportunity_id': 'text', 'step_role': 'text'} -%}
{%- set columns = [
    'contact_id', 'mapped_at', 'influence', 'source_id', 'recorded_at', 'created_recorded_at',
    'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'decision_ladder', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('decision_ladder', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('opportunity_id_delivered') }} as opportunity_id,
        {{ to_text('step_role_delivered') }} as step_role,
        {{ to_text('contact_id_delivered') }} as contact_id,
        {{ to_timestamp('mapped_at_delivered') }} as mapped_at,
        {{ to_int('influence_delivered') }} as influence,
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
            missing_key('opportunity_id'),
            missing_key('step_role'),
            cast_fault('timestamp', 'mapped_at'),
            cast_fault('int', 'influence'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed(
                'step_role', ['initiator', 'influencer', 'mobilizer', 'decider', 'buyer', 'user']
            ),
        ]) }} as fault
    from typed
),

{{ version_history('decision_ladder', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
