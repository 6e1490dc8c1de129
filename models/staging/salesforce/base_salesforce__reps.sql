{%- set filled = [
    'rep_id', 'name', 'email', 'role', 'manager_rep_id', 'hire_date', 'leave_date',
    'country', 'source_id', 'recorded_at', 'created_recorded_at', 'is_deleted'
] -%}
with

delivered as (
    select * from {{ source('raw_salesforce', 'salesforce__user') }}
),

with_state as (
    select
        *,
        'false' as is_deleted,
        {{ salesforce_id('id') }} as rep_id,
        case when not {{ to_bool('is_active') }} then system_modstamp end as switched_off_at
    from delivered
),

-- a user is switched off, never deleted: the rep left when that was first delivered
with_last_day as (
    select
        *,
        min(switched_off_at) over (
            partition by rep_id
            order by extract_date, system_modstamp, source_file, record_no
            rows between unbounded preceding and current row
        ) as first_switched_off_at
    from with_state
),

mapped as (
    select
        rep_id,
        name,
        email,
        case
            when user_role_name in ('rep', 'kam', 'region_manager', 'sales_manager')
                then user_role_name
        end as role,
        {{ salesforce_id('manager_id') }} as manager_rep_id,
        {{ day_of('created_date') }} as hire_date,
        case when switched_off_at is not null then {{ day_of('first_switched_off_at') }} end
            as leave_date,
        country_code as country,
        {{ salesforce_row() }}
    from with_last_day
),

final as (
    {{ canonical_rows('reps', filled, 'mapped') }}
)

select * from final
