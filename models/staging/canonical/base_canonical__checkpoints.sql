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

delivered as (
    {{ delivered_rows('checkpoints', key | list + columns) }}
),

judged as (
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
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('checkpoint_id') }} as checkpoint_id,
        {{ to_text('kpi_id') }} as kpi_id,
        {{ to_text('sales_period_id') }} as sales_period_id,
        {{ to_date('date') }} as date,
        {{ to_share('planned_share') }} as planned_share,
        {{ to_timestamp('created_at') }} as created_at,
        {{ to_decimal('outcome') }} as outcome,
        {{ to_text('status') }} as status,
        {{ to_text('decision') }} as decision,
        {{ to_text('action_text') }} as action_text,
        {{ to_text('action_owner') }} as action_owner,
        {{ to_date('due_date') }} as due_date,
        {{ to_timestamp('done_at') }} as done_at,
        {{ to_text('feedback_text') }} as feedback_text,
        {{ to_text('feedback_by') }} as feedback_by,
        {{ to_int('adjusted_target_version') }} as adjusted_target_version,
        {{ to_text('source_id') }} as source_id,
        {{ to_timestamp('recorded_at') }} as recorded_at,
        {{ to_timestamp('created_recorded_at') }} as created_recorded_at,
        {{ to_timestamp('extracted_at') }} as extracted_at,
        coalesce({{ to_bool('is_deleted') }}, false) as is_deleted,
        source_system,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        fault,
        {{ content_hash(key | list + columns) }} as content_hash
    from judged
),

{{ version_history('checkpoints', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
