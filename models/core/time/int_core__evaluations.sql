with context as (
    select * from {{ ref('int_core__context') }}
),

snapshot_types as (
    select budget_type_id
    from {{ ref('budget_type_registry') }}
    where time_shape = 'snapshot'
),

period_types as (
    select
        registry.budget_type_id,
        type_periods.period_type
    from {{ ref('budget_type_registry') }} as registry
    inner join {{ ref('budget_type_periods') }} as type_periods
        on registry.budget_type_id = type_periods.budget_type_id
    where registry.time_shape = 'period'
),

parameters as (
    select
        parameters.budget_type_id,
        parameters.parameter_set_id,
        max(case when parameters.parameter = 'window_days' then parameters.value end)
            as window_days,
        max(case when parameters.parameter = 'horizon_days' then parameters.value end)
            as horizon_days
    from {{ ref('int_core__parameter_sets') }} as parameters
    cross join context
    where context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
    group by parameters.budget_type_id, parameters.parameter_set_id
),

evaluated as (
    select
        snapshot_types.budget_type_id,
        'snapshot' as period_type,
        context.as_of as period_start,
        {{ add_days('context.as_of', 1) }} as period_end,
        context.as_of as evaluated_to,
        cast(null as varchar) as campaign_id
    from snapshot_types
    cross join context

    union all

    select
        period_types.budget_type_id,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        periods.evaluated_to,
        nullif(periods.campaign_id, '') as campaign_id
    from period_types
    inner join {{ ref('int_core__periods') }} as periods
        on period_types.period_type = periods.period_type
)

select
    evaluated.budget_type_id,
    coalesce(parameters.parameter_set_id, 'default') as parameter_set_id,
    context.as_of,
    evaluated.period_type,
    evaluated.period_start,
    evaluated.period_end,
    evaluated.evaluated_to,
    evaluated.campaign_id,
    cast(parameters.window_days as integer) as window_days,
    cast(parameters.horizon_days as integer) as horizon_days
from evaluated
cross join context
left join parameters on evaluated.budget_type_id = parameters.budget_type_id
