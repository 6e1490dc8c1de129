{%- set key = {'activity_id': 'text'} -%}
{%- set columns = [
    'type', 'customer_id', 'store_id', 'opportunity_id', 'owner_rep_id', 'booked_by_rep_id',
    'start_at', 'end_at', 'status', 'held_reported_at', 'completed_at', 'contact_id',
    'is_geolocated', 'check_in_at', 'check_out_at', 'prep_goal', 'prep_tactic', 'prep_insight',
    'prep_fallback', 'prep_completed_at', 'next_step_agreed', 'evaluation_score',
    'insight_delivered', 'skill_gap', 'purpose', 'direction', 'is_connected', 'source_id',
    'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'activities', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('activities', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('activity_id_delivered') }} as activity_id,
        {{ to_text('type_delivered') }} as type,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_text('store_id_delivered') }} as store_id,
        {{ to_text('opportunity_id_delivered') }} as opportunity_id,
        {{ to_text('owner_rep_id_delivered') }} as owner_rep_id,
        {{ to_text('booked_by_rep_id_delivered') }} as booked_by_rep_id,
        {{ to_timestamp('start_at_delivered') }} as start_at,
        {{ to_timestamp('end_at_delivered') }} as end_at,
        {{ to_text('status_delivered') }} as status,
        {{ to_timestamp('held_reported_at_delivered') }} as held_reported_at,
        {{ to_timestamp('completed_at_delivered') }} as completed_at,
        {{ to_text('contact_id_delivered') }} as contact_id,
        {{ to_bool('is_geolocated_delivered') }} as is_geolocated,
        {{ to_timestamp('check_in_at_delivered') }} as check_in_at,
        {{ to_timestamp('check_out_at_delivered') }} as check_out_at,
        {{ to_text('prep_goal_delivered') }} as prep_goal,
        {{ to_text('prep_tactic_delivered') }} as prep_tactic,
        {{ to_text('prep_insight_delivered') }} as prep_insight,
        {{ to_text('prep_fallback_delivered') }} as prep_fallback,
        {{ to_timestamp('prep_completed_at_delivered') }} as prep_completed_at,
        {{ to_bool('next_step_agreed_delivered') }} as next_step_agreed,
        {{ to_int('evaluation_score_delivered') }} as evaluation_score,
        {{ to_bool('insight_delivered_delivered') }} as insight_delivered,
        {{ to_text('skill_gap_delivered') }} as skill_gap,
        {{ to_text('purpose_delivered') }} as purpose,
        {{ to_text('direction_delivered') }} as direction,
        {{ to_bool('is_connected_delivered') }} as is_connected,
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
            missing_key('activity_id'),
            cast_fault('timestamp', 'start_at'),
            cast_fault('timestamp', 'end_at'),
            cast_fault('timestamp', 'held_reported_at'),
            cast_fault('timestamp', 'completed_at'),
            cast_fault('bool', 'is_geolocated'),
            cast_fault('timestamp', 'check_in_at'),
            cast_fault('timestamp', 'check_out_at'),
            cast_fault('timestamp', 'prep_completed_at'),
            cast_fault('bool', 'next_step_agreed'),
            cast_fault('int', 'evaluation_score'),
            cast_fault('bool', 'insight_delivered'),
            cast_fault('bool', 'is_connected'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('type', ['sales_meeting', 'visit', 'call', 'internal', 'email', 'task']),
            not_allowed('status', ['planned', 'held', 'cancelled', 'no_show']),
            not_allowed('purpose', ['selling', 'merchandising', 'audit', 'service']),
            not_allowed('direction', ['outbound', 'inbound']),
        ]) }} as fault
    from typed
),

{{ version_history('activities', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
