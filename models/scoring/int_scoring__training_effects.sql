with context as (
    select * from {{ ref('int_core__context') }}
),

parameters as (
    select parameters.*
    from {{ ref('int_scoring__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

windows as (
    select * from {{ ref('int_scoring__training_windows') }}
    where is_over
),

topics as (
    select
        trainings.training_id,
        max(trainings.topic) as topic
    from {{ ref('stg_canonical__training_events') }} as trainings
    inner join context on {{ known_at('trainings', 'context.cut_off_utc') }}
    where not trainings.is_deleted
    group by trainings.training_id
),

-- Key figures that add up week by week, of those who have them.
kpis as (
    select
        kpis.kpi_id,
        kpis.budget_type_id,
        kpis.parameter_set_id,
        registry.is_divided
    from {{ ref('int_scoring__kpis') }} as kpis
    inner join {{ ref('budget_type_registry') }} as registry
        on kpis.budget_type_id = registry.budget_type_id
    where
        registry.time_shape = 'flow'
        and registry.rolling_months is null
        and registry.formula is null
        and kpis.filters is null
),

members as (
    select
        training_groups.*,
        kpis.kpi_id,
        kpis.budget_type_id,
        kpis.parameter_set_id,
        kpis.is_divided,
        windows.weeks,
        windows.before_start,
        windows.before_end,
        windows.after_start,
        windows.after_end
    from {{ ref('int_scoring__training_groups') }} as training_groups
    inner join windows
        on
            training_groups.training_id = windows.training_id
            and training_groups.trained_on = windows.trained_on
    inner join {{ ref('int_scoring__profile_kpis') }} as profile_kpis
        on training_groups.profile_id = profile_kpis.profile_id
    inner join kpis on profile_kpis.kpi_id = kpis.kpi_id
),

weekly as (
    select
        members.training_id,
        members.trained_on,
        members.rep_id,
        members.kpi_id,
        members.is_trained,
        members.is_divided,
        members.weeks,
        sum(case when outcomes.period_start < members.before_end then outcomes.numerator end)
            as numerator_before,
        sum(case when outcomes.period_start < members.before_end then outcomes.denominator end)
            as denominator_before,
        sum(case when outcomes.period_start >= members.after_start then outcomes.numerator end)
            as numerator_after,
        sum(case when outcomes.period_start >= members.after_start then outcomes.denominator end)
            as denominator_after
    from members
    left join {{ ref('int_outcomes__values') }} as outcomes
        on
            members.budget_type_id = outcomes.budget_type_id
            and members.parameter_set_id = outcomes.parameter_set_id
            and outcomes.node_level = 'rep'
            and members.rep_id = outcomes.node_id
            and outcomes.basis = 'restated'
            and outcomes.period_type = 'week'
            and outcomes.period_start >= members.before_start
            and outcomes.period_start < members.after_end
    group by
        members.training_id, members.trained_on, members.rep_id, members.kpi_id,
        members.is_trained, members.is_divided, members.weeks
),

-- A ratio over all weeks, else the average week; nothing to divide by is no figure.
figures as (
    select
        training_id,
        trained_on,
        rep_id,
        kpi_id,
        is_trained,
        case
            when is_divided
                then {{ ratio('numerator_before', 'denominator_before', 10, decimals=4) }}
            else {{ ratio('coalesce(numerator_before, 0)', 'weeks', 10, decimals=4) }}
        end as value_before,
        case
            when is_divided
                then {{ ratio('numerator_after', 'denominator_after', 10, decimals=4) }}
            else {{ ratio('coalesce(numerator_after, 0)', 'weeks', 10, decimals=4) }}
        end as value_after
    from weekly
),

changes as (
    select
        *,
        -- Wide enough for the square of what a large company sells in a week.
        cast(round(value_after - value_before, 4) as decimal(28, 4)) as value_change
    from figures
    where value_before is not null and value_after is not null
),

grouped as (
    select
        training_id,
        kpi_id,
        is_trained,
        min(trained_on) as first_trained_on,
        max(trained_on) as last_trained_on,
        count(distinct rep_id) as reps,
        count(*) as cases,
        {{ ratio('sum(value_before)', 'count(*)', 10) }} as value_before,
        {{ ratio('sum(value_after)', 'count(*)', 10) }} as value_after,
        {{ ratio('sum(value_after) - sum(value_before)', 'count(*)', 10) }} as value_change,
        sum(value_change) as changes,
        sum(cast(value_change * value_change as decimal(38, 8))) as squares
    from changes
    group by training_id, kpi_id, is_trained
),

-- Variance of a group's mean change: spread around the mean over n - 1, over n.
spread as (
    select
        *,
        case
            when cases > 1
                then
                    {{ ratio(
                        'squares - ' ~ ratio('changes * changes', 'cases', 8, decimals=4),
                        'cases * (cases - 1)', 8, decimals=4
                    ) }}
        end as mean_variance
    from grouped
),

compared as (
    select
        trained.training_id,
        trained.kpi_id,
        trained.first_trained_on,
        trained.last_trained_on,
        trained.reps,
        trained.value_before,
        trained.value_after,
        untrained.reps as comparison_reps,
        untrained.value_before as comparison_before,
        untrained.value_after as comparison_after,
        untrained.value_change as comparison_change,
        trained.value_change - untrained.value_change as effect,
        trained.reps >= parameters.training_least_reps
        and coalesce(untrained.reps, 0) >= parameters.training_least_reps as is_enough,
        cast(round(cast(
            parameters.training_interval
            * sqrt(cast(
                greatest(trained.mean_variance + untrained.mean_variance, 0) as double precision
            ))
            as decimal(28, 10)
        ), 4) as decimal(28, 4)) as margin
    from spread as trained
    cross join parameters
    left join spread as untrained
        on
            trained.training_id = untrained.training_id
            and trained.kpi_id = untrained.kpi_id
            and not untrained.is_trained
    where trained.is_trained
)

select
    compared.training_id,
    topics.topic,
    compared.first_trained_on,
    compared.last_trained_on,
    compared.kpi_id,
    cast(compared.reps as integer) as reps,
    compared.value_before,
    compared.value_after,
    cast(coalesce(compared.comparison_reps, 0) as integer) as comparison_reps,
    compared.comparison_before,
    compared.comparison_after,
    compared.comparison_change,
    cast(case when compared.is_enough then compared.effect end as decimal(28, 10)) as effect,
    cast(case when compared.is_enough then compared.effect - compared.margin end as decimal(28, 10))
        as interval_low,
    cast(case when compared.is_enough then compared.effect + compared.margin end as decimal(28, 10))
        as interval_high,
    case when not compared.is_enough then 'insufficient_n' end as reason_code
from compared
left join topics on compared.training_id = topics.training_id
