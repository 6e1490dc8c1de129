{{
    config(
        materialized="incremental",
        on_schema_change="fail",
        pre_hook="{{ forget_touched_periods() }}",
    )
}}

with periods as (
    select
        period_type,
        period_start,
        campaign_id,
        period_end,
        is_closed
    from {{ ref('int_core__periods') }}

    union all

    select
        'snapshot' as period_type,
        as_of as period_start,
        '' as campaign_id,
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
    from {{ ref('int_outcomes__values') }} as outcome_values
    inner join {{ ref('int_outcomes__touched_periods') }} as touched
        on
            outcome_values.budget_type_id = touched.budget_type_id
            and outcome_values.basis = touched.basis
            and outcome_values.period_type = touched.period_type
            and outcome_values.period_start = touched.period_start
            and outcome_values.campaign_id = touched.campaign_id
)

-- Rows are added to a table whose texts are varchar, which some engines tell from text.
select
    cast(compared.budget_type_id as varchar) as budget_type_id,
    cast(compared.parameter_set_id as varchar) as parameter_set_id,
    cast(compared.node_level as varchar) as node_level,
    cast(compared.node_id as varchar) as node_id,
    cast(compared.basis as varchar) as basis,
    cast(compared.period_type as varchar) as period_type,
    compared.period_start,
    periods.period_end,
    cast(nullif(compared.campaign_id, '') as varchar) as campaign_id,
    compared.numerator,
    compared.denominator,
    compared.value,
    compared.record_count,
    cast(compared.reason_code as varchar) as reason_code,
    last_year.value as value_last_year,
    {{ ratio('compared.value', 'last_year.value', 4) }} as index_last_year,
    periods.is_closed,
    {{ trunc_date('month', add_days('periods.period_end', -1)) }} as booking_month
from compared
inner join periods
    on
        compared.period_type = periods.period_type
        and compared.period_start = periods.period_start
        and compared.campaign_id = periods.campaign_id
left join {{ ref('int_outcomes__values') }} as last_year
    on
        compared.budget_type_id = last_year.budget_type_id
        and compared.parameter_set_id = last_year.parameter_set_id
        and compared.node_level = last_year.node_level
        and compared.node_id = last_year.node_id
        and compared.basis = last_year.basis
        and compared.period_type = last_year.period_type
        and compared.last_year_start = last_year.period_start
        and compared.campaign_id = last_year.campaign_id
