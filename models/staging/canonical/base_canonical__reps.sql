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

delivered as not materialized (
    {{ delivered_rows('reps', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('rep_id_delivered') }} as rep_id,
        {{ to_text('name_delivered') }} as name,
        {{ to_text('email_delivered') }} as email,
        {{ to_text('role_delivered') }} as role,
        {{ to_text('manager_rep_id_delivered') }} as manager_rep_id,
        {{ to_date('hire_date_delivered') }} as hire_date,
        {{ to_date('leave_date_delivered') }} as leave_date,
        {{ to_decimal('fte_delivered') }} as fte,
        {{ to_text('country_delivered') }} as country,
        {{ to_text('calendar_id_delivered') }} as calendar_id,
        {{ to_date('management_support_from_delivered') }} as management_support_from,
        {{ to_date('management_support_to_delivered') }} as management_support_to,
        {{ to_text('reward_group_delivered') }} as reward_group,
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
    from typed
),

{{ version_history('reps', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
