{%- set key = {'rep_id': 'text'} -%}
{%- set columns = [
    'name', 'email', 'role', 'manager_rep_id', 'hire_date', 'leave_date', 'fte', 'country',
    'calendar_id', 'management_support_from', 'management_support_to', 'reward_group', 'source_id',
    'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'reps', 'key': key},
    )
}}

with

delivered as (
    {{ delivered_rows('reps', key | list + columns) }}
),

judged as (
    select
        *,
        {{ first_fault([
            missing_key('rep_id'),
            cast_fault('date', 'hire_date'),
            cast_fault('date', 'leave_date'),
            cast_fault('decimal', 'fte'),
            cast_fault('date', 'management_support_from'),
            cast_fault('date', 'management_support_to'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('role', ['rep', 'kam', 'region_manager', 'sales_manager']),
        ]) }} as fault
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('rep_id') }} as rep_id,
        {{ to_text('name') }} as name,
        {{ to_text('email') }} as email,
        {{ to_text('role') }} as role,
        {{ to_text('manager_rep_id') }} as manager_rep_id,
        {{ to_date('hire_date') }} as hire_date,
        {{ to_date('leave_date') }} as leave_date,
        {{ to_decimal('fte') }} as fte,
        {{ to_text('country') }} as country,
        {{ to_text('calendar_id') }} as calendar_id,
        {{ to_date('management_support_from') }} as management_support_from,
        {{ to_date('management_support_to') }} as management_support_to,
        {{ to_text('reward_group') }} as reward_group,
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

{{ version_history('reps', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
