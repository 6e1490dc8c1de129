{{
    config(
        materialized="incremental",
        on_schema_change="fail",
        pre_hook="{{ forget_unfrozen_nights() }}",
    )
}}

with frozen as (
    select * from {{ ref('int_scoring__frozen_scores') }}
),

nights as (
    select as_of
    from {{ ref('int_scoring__nights') }}
    where {{ is_new_night('as_of') }}
),

-- Who publishes S is known when it is published.
tonight as (
    select
        days.as_of,
        cast(null as varchar) as publication_id,
        scores.subject_type,
        scores.subject_id,
        scores.kpi_id,
        scores.budget_id,
        scores.node_level,
        scores.node_id,
        scores.budget_type_id,
        scores.parameter_set_id,
        scores.definition_version,
        scores.period_start,
        scores.period_end,
        scores.is_rolling,
        scores.numerator,
        scores.denominator,
        scores.value,
        days.value_yesterday,
        scores.target,
        scores.target_low,
        scores.remaining_to_target,
        scores.required_per_workday,
        scores.attainment,
        scores.score,
        days.days_met_share,
        scores.expected_to_date,
        scores.elapsed_share,
        scores.pace,
        scores.forecast,
        scores.forecast_run_rate,
        scores.forecast_pipeline,
        scores.forecast_method,
        scores.status,
        scores.reason_code,
        scores.action_due,
        scores.reward_eligible,
        scores.management_support,
        scores.is_closed
    from {{ ref('int_scoring__scores') }} as scores
    inner join {{ ref('int_scoring__score_days') }} as days
        on
            scores.subject_type = days.subject_type
            and scores.subject_id = days.subject_id
            and scores.node_level = days.node_level
            and scores.node_id = days.node_id
),

final as (
    select frozen.*
    from frozen
    inner join nights on frozen.as_of = nights.as_of

    union all

    select * from tonight
)

select
    cast(as_of as date) as as_of,
    cast(publication_id as varchar) as publication_id,
    cast(subject_type as varchar) as subject_type,
    cast(subject_id as varchar) as subject_id,
    cast(kpi_id as varchar) as kpi_id,
    cast(budget_id as varchar) as budget_id,
    cast(node_level as varchar) as node_level,
    cast(node_id as varchar) as node_id,
    cast(budget_type_id as varchar) as budget_type_id,
    cast(parameter_set_id as varchar) as parameter_set_id,
    cast(definition_version as integer) as definition_version,
    cast(period_start as date) as period_start,
    cast(period_end as date) as period_end,
    cast(is_rolling as boolean) as is_rolling,
    cast(numerator as decimal(28, 4)) as numerator,
    cast(denominator as decimal(28, 4)) as denominator,
    cast(value as decimal(28, 10)) as value,
    cast(value_yesterday as decimal(28, 10)) as value_yesterday,
    cast(target as decimal(28, 4)) as target,
    cast(target_low as decimal(28, 4)) as target_low,
    cast(remaining_to_target as decimal(28, 10)) as remaining_to_target,
    cast(required_per_workday as decimal(28, 10)) as required_per_workday,
    cast(attainment as decimal(28, 10)) as attainment,
    cast(score as decimal(28, 10)) as score,
    cast(days_met_share as decimal(28, 10)) as days_met_share,
    cast(expected_to_date as decimal(28, 10)) as expected_to_date,
    cast(elapsed_share as decimal(28, 10)) as elapsed_share,
    cast(pace as decimal(28, 10)) as pace,
    cast(forecast as decimal(28, 10)) as forecast,
    cast(forecast_run_rate as decimal(28, 10)) as forecast_run_rate,
    cast(forecast_pipeline as decimal(28, 10)) as forecast_pipeline,
    cast(forecast_method as varchar) as forecast_method,
    cast(status as varchar) as status,
    cast(reason_code as varchar) as reason_code,
    cast(action_due as varchar) as action_due,
    cast(reward_eligible as boolean) as reward_eligible,
    cast(management_support as boolean) as management_support,
    cast(is_closed as boolean) as is_closed
from final
