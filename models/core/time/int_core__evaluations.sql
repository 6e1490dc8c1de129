with context as (
    select * from {{ ref('int_core__context') }}
),

budget_types as (
    select * from {{ ref('budget_type_registry') }}
),

parameters as (
    select
        parameters.budget_type_id,
        parameters.parameter_set_id,
        max(case when parameters.parameter = 'window_days' then parameters.value end)
            as window_days,
        max(case when parameters.parameter = 'horizon_days' then parameters.value end)
            as horizon_days
    from {{ ref('budget_type_parameters') }} as parameters
    cross join context
    where context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
    group by parameters.budget_type_id, parameters.parameter_set_id
),

periods as (
    select
        'snapshot' as time_shape,
        'snapshot' as period_type,
        as_of as period_start,
        {{ add_days('as_of', 1) }} as period_end,
        as_of as evaluated_to
    from context

    union all

    select
        'period' as time_shape,
        period_type,
        period_start,
        period_end,
        evaluated_to
    from {{ ref('int_core__periods') }}
    where period_type in ('month', 'quarter', 'year')
)

select
    budget_types.budget_type_id,
    coalesce(parameters.parameter_set_id, 'default') as parameter_set_id,
    context.as_of,
    periods.period_type,
    periods.period_start,
    periods.period_end,
    periods.evaluated_to,
    cast(parameters.window_days as integer) as window_days,
    cast(parameters.horizon_days as integer) as horizon_days
from budget_types
cross join context
inner join periods on budget_types.time_shape = periods.time_shape
left join parameters on budget_types.budget_type_id = parameters.budget_type_id
