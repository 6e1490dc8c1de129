{{
    config(
        materialized="incremental",
        on_schema_change="fail",
        pre_hook="{{ forget_touched_periods() }}",
    )
}}

with outcome_values as (
    select * from {{ ref('int_outcomes__values') }}
),

periods as (
    select
        period_type,
        period_start,
        period_end,
        is_closed
    from {{ ref('int_core__periods') }}

    union all

    select
        'snapshot' as period_type,
        as_of as period_start,
        {{ add_days('as_of', 1) }} as period_end,
        true as is_closed
    from {{ ref('int_core__context') }}
),

-- A week is compared with the same weekdays a year before, other periods with the same dates.
compared as (
    select
        outcome_values.*,
        case
            when outcome_values.period_type = 'week'
                then {{ add_days('outcome_values.period_start', -364) }}
            else {{ add_months('outcome_values.period_start', -12) }}
        end as last_year_start
    from outcome_values
    inner join {{ ref('int_outcomes__touched_periods') }} as touched
        on
            outcome_values.budget_type_id = touched.budget_type_id
            and outcome_values.basis = touched.basis
            and outcome_values.period_type = touched.period_type
            and outcome_values.period_start = touched.period_start
)

select
    compared.budget_type_id,
    compared.parameter_set_id,
    compared.node_level,
    compared.node_id,
    compared.basis,
    compared.period_type,
    compared.period_start,
    periods.period_end,
    compared.numerator,
    compared.denominator,
    compared.value,
    compared.record_count,
    compared.reason_code,
    last_year.value as value_last_year,
    {{ ratio('compared.value', 'last_year.value', 4) }} as index_last_year,
    periods.is_closed,
    {{ trunc_date('month', 'compared.period_start') }} as booking_month
from compared
inner join periods
    on
        compared.period_type = periods.period_type
        and compared.period_start = periods.period_start
left join outcome_values as last_year
    on
        compared.budget_type_id = last_year.budget_type_id
        and compared.parameter_set_id = last_year.parameter_set_id
        and compared.node_level = last_year.node_level
        and compared.node_id = last_year.node_id
        and compared.basis = last_year.basis
        and compared.period_type = last_year.period_type
        and compared.last_year_start = last_year.period_start
