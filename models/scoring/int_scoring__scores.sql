with context as (
    select * from {{ ref('int_core__context') }}
),

limits as (
    select parameters.*
    from {{ ref('int_scoring__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

kpis as (
    select
        kpi_id,
        reward_threshold
    from {{ ref('int_scoring__kpis') }}
),

budget_rewards as (
    select
        budget_id,
        reward_threshold
    from {{ ref('int_planning__budget_versions') }}
    where is_current
),

-- A check-point of the period has come, so that somebody was to look and to act.
due_checkpoints as (
    select distinct
        measures.subject_id as kpi_id,
        measures.period_start
    from {{ ref('int_scoring__measures') }} as measures
    cross join context
    inner join {{ ref('stg_canonical__checkpoints') }} as checkpoints
        on
            measures.subject_id = checkpoints.kpi_id
            and {{ known_at('checkpoints', 'context.cut_off_utc') }}
            and not checkpoints.is_deleted
            and measures.period_start <= checkpoints.date
            and measures.period_end > checkpoints.date
            and context.as_of >= checkpoints.date
    where measures.subject_type = 'kpi'
),

supported as (
    select reps.rep_id
    from {{ ref('stg_canonical__reps') }} as reps
    inner join context on {{ known_at('reps', 'context.cut_off_utc') }}
    where
        not reps.is_deleted
        and context.as_of >= reps.management_support_from
        and coalesce(reps.management_support_to, context.as_of) >= context.as_of
),

measured as (
    select
        measures.*,
        context.as_of,
        registry.definition_version,
        registry.direction,
        registry.scale_min,
        forecasts.is_phased,
        forecasts.elapsed_share,
        forecasts.workdays_remaining,
        forecasts.expected_to_date,
        forecasts.forecast,
        forecasts.forecast_run_rate,
        forecasts.forecast_pipeline,
        forecasts.forecast_method
    from {{ ref('int_scoring__measures') }} as measures
    cross join context
    inner join {{ ref('budget_type_registry') }} as registry
        on measures.budget_type_id = registry.budget_type_id
    inner join {{ ref('int_scoring__forecasts') }} as forecasts
        on
            measures.subject_type = forecasts.subject_type
            and measures.subject_id = forecasts.subject_id
            and measures.node_level = forecasts.node_level
            and measures.node_id = forecasts.node_id
),

scored as (
    select
        measured.*,
        {{ attainment('measured.value', 'measured.target', 'measured.direction') }}
            as attainment,
        {{ score(
            'measured.value', 'measured.target', 'measured.target_low', 'measured.direction',
            'measured.scale_min',
        ) }} as score,
        {{ is_met(
            'measured.value', 'measured.target', 'measured.target_low', 'measured.direction'
        ) }} as is_met,
        {{ target_fault(
            'measured.target', 'measured.target_low', 'measured.direction', 'measured.scale_min'
        ) }} as target_fault,
        case
            when
                measured.is_phased
                and measured.target is not null
                and measured.value is not null
                then cast(greatest(measured.target - measured.value, 0) as decimal(28, 10))
        end as remaining_to_target
    from measured
),

paced as (
    select
        scored.*,
        {{ pace(
            'scored.value', 'scored.expected_to_date', 'scored.score', 'scored.elapsed_share',
            'scored.is_phased', 'scored.direction',
        ) }} as pace
    from scored
),

judged as (
    select
        paced.*,
        {{ score_status(
            'paced.as_of', 'paced.period_start', 'paced.period_end', 'paced.score', 'paced.pace',
            'paced.elapsed_share', 'paced.is_phased', 'paced.direction', 'paced.is_met', 'limits',
        ) }} as status
    from paced
    cross join limits
),

final as (
    select
        judged.*,
        case
            when judged.subject_type <> 'kpi' then null
            when judged.status in ('met', 'met_early') then 'if_met'
            when judged.status = 'missed' then 'if_not_met'
            when
                judged.status in ('behind', 'at_risk') and due_checkpoints.kpi_id is not null
                then 'if_not_met'
        end as action_due,
        judged.score >= coalesce(kpis.reward_threshold, budget_rewards.reward_threshold)
            as reward_eligible,
        case when judged.node_level = 'rep' then supported.rep_id is not null end
            as management_support,
        coalesce(months.is_closed, false) and judged.as_of >= judged.period_end as is_closed
    from judged
    left join kpis on judged.subject_type = 'kpi' and judged.subject_id = kpis.kpi_id
    left join budget_rewards on judged.budget_id = budget_rewards.budget_id
    left join due_checkpoints
        on
            judged.subject_type = 'kpi'
            and judged.subject_id = due_checkpoints.kpi_id
            and judged.period_start = due_checkpoints.period_start
    left join supported on judged.node_level = 'rep' and judged.node_id = supported.rep_id
    left join {{ ref('int_core__booking_months') }} as months
        on {{ trunc_date('month', add_days('judged.period_end', -1)) }} = months.month_start
)

select
    subject_type,
    subject_id,
    case when subject_type = 'kpi' then subject_id end as kpi_id,
    budget_id,
    node_level,
    node_id,
    budget_type_id,
    parameter_set_id,
    definition_version,
    period_start,
    period_end,
    is_rolling,
    cast(numerator as decimal(28, 4)) as numerator,
    cast(denominator as decimal(28, 4)) as denominator,
    cast(value as decimal(28, 10)) as value,
    cast(target as decimal(28, 4)) as target,
    cast(target_low as decimal(28, 4)) as target_low,
    cast(remaining_to_target as decimal(28, 10)) as remaining_to_target,
    cast(
        case
            when direction <> 'lower'
                then {{ ratio('remaining_to_target', 'workdays_remaining') }}
        end as decimal(28, 10)
    ) as required_per_workday,
    cast(attainment as decimal(28, 10)) as attainment,
    cast(score as decimal(28, 10)) as score,
    cast(expected_to_date as decimal(28, 10)) as expected_to_date,
    cast(elapsed_share as decimal(28, 10)) as elapsed_share,
    cast(pace as decimal(28, 10)) as pace,
    cast(forecast as decimal(28, 10)) as forecast,
    cast(forecast_run_rate as decimal(28, 10)) as forecast_run_rate,
    cast(forecast_pipeline as decimal(28, 10)) as forecast_pipeline,
    forecast_method,
    status,
    case when score is null then coalesce(reason_code, target_fault) end as reason_code,
    action_due,
    reward_eligible,
    management_support,
    is_closed
from final
