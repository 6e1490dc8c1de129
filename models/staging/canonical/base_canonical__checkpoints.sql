{%- set key = {'checkpoint_id': 'text'} -%}
{%- set columns = [
    'kpi_id', 'sales_period_id', 'date', 'planned_share', 'created_at', 'outcome', 'status',
    'decision', 'action_text', 'action_owner', 'due_date', 'done_at', 'feedback_text',
    'feedback_by', 'adjusted_target_version', 'source_id', 'recorded_at', 'created_recorded_at',
    'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'checkpoints', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('checkpoints', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('checkpoint_id_delivered') }} as checkpoint_id,
        {{ to_text('kpi_id_delivered') }} as kpi_id,
        {{ to_text('sales_period_id_delivered') }} as sales_period_id,
        {{ to_date('date_delivered') }} as date,
        {{ to_share('planned_share_delivered') }} as planned_share,
        {{ to_timestamp('created_at_delivered') }} as created_at,
        {{ to_decimal('outcome_delivered') }} as outcome,
        {{ to_text('status_delivered') }} as status,
        {{ to_text('decision_delivered') }} as decision,
        {{ to_text('action_text_delivered') }} as action_text,
        {{ to_text('action_owner_delivered') }} as action_owner,
        {{ to_date('due_date_delivered') }} as due_date,
        {{ to_timestamp('done_at_delivered') }} as done_at,
        {{ to_text('feedback_text_delivered') }} as feedback_text,
        {{ to_text('feedback_by_delivered') }} as feedback_by,
        {{ to_int('adjusted_target_version_delivered') }} as adjusted_target_version,
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
            missing_key('checkpoint_id'),
            missing_required('kpi_id'),
            missing_required('date'),
            cast_fault('date', 'date'),
            cast_fault('share', 'planned_share'),
            cast_fault('timestamp', 'created_at'),
            cast_fault('decimal', 'outcome'),
            cast_fault('date', 'due_date'),
            cast_fault('timestamp', 'done_at'),
            cast_fault('int', 'adjusted_target_version'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('status', [
            'not_started', 'ahead', 'on_track', 'behind', 'at_risk', 'met', 'met_early', 'missed',
            'not_scored'
        ]),
            not_allowed('decision', ['keep', 'adjust_target', 'act']),
        ]) }} as fault
    from typed
),

{{ version_history('checkpoints', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
