{%- set number = '-?[0-9]+([.][0-9]+)?' -%}
with context as (
    select * from {{ ref('int_core__context') }}
),

registered as (
    select parameters.*
    from {{ ref('budget_type_parameters') }} as parameters
    cross join context
    where context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

readable as (
    select
        kpi_id,
        budget_type_id,
        parameters as parameters_json,
        length(parameters) - length(replace(parameters, ':', '')) as keys
    from {{ ref('int_core__kpis') }}
    where {{ is_json_object('parameters', ['[a-z_]+'], number) }}
),

defaults as (
    select
        budget_type_id,
        parameter,
        value,
        -- A type looks back or ahead: to a KPI either is its window.
        case
            when
                parameter = 'horizon_days'
                and max(case when parameter = 'window_days' then 1 else 0 end) over (
                    partition by budget_type_id
                ) = 0
                then 'window_days'
            else parameter
        end as other_name
    from registered
    where parameter_set_id = 'default'
),

-- What the KPI says of each parameter of its type, and the default of those it leaves out.
chosen as (
    select
        readable.kpi_id,
        readable.budget_type_id,
        readable.keys,
        defaults.parameter,
        defaults.other_name,
        defaults.value as default_value,
        coalesce(
            {{ json_number('readable.parameters_json', 'defaults.parameter') }},
            {{ json_number('readable.parameters_json', 'defaults.other_name') }}
        ) as own_value
    from readable
    inner join defaults on readable.budget_type_id = defaults.budget_type_id
),

told as (
    select
        kpi_id,
        budget_type_id,
        count(*) as parameters,
        {{ agg_list(
            "case when own_value <> default_value then other_name || '='"
            ~ " || rtrim(rtrim(cast(own_value as varchar), '0'), '.') end",
            'other_name',
        ) }} as own_set_id
    from chosen
    group by kpi_id, budget_type_id, keys
    having count(own_value) = keys
),

-- A choice that is a set of the registry is that set.
known_sets as (
    select
        told.kpi_id,
        registered.parameter_set_id,
        row_number() over (
            partition by told.kpi_id
            order by
                case when registered.parameter_set_id = 'default' then 0 else 1 end,
                registered.parameter_set_id
        ) as set_no
    from told
    inner join chosen on told.kpi_id = chosen.kpi_id
    inner join registered
        on
            chosen.budget_type_id = registered.budget_type_id
            and chosen.parameter = registered.parameter
            and coalesce(chosen.own_value, chosen.default_value) = registered.value
    group by told.kpi_id, told.parameters, registered.parameter_set_id
    having count(*) = told.parameters
),

final as (
    select
        chosen.kpi_id,
        chosen.budget_type_id,
        coalesce(known_sets.parameter_set_id, told.own_set_id) as parameter_set_id,
        known_sets.kpi_id is null as is_own_set,
        chosen.parameter,
        coalesce(chosen.own_value, chosen.default_value) as value
    from told
    inner join chosen on told.kpi_id = chosen.kpi_id
    inner join {{ ref('budget_type_registry') }} as registry
        on told.budget_type_id = registry.budget_type_id
    left join known_sets on told.kpi_id = known_sets.kpi_id and known_sets.set_no = 1
    where known_sets.kpi_id is not null or registry.time_shape = 'snapshot'
)

select
    kpi_id,
    budget_type_id,
    cast(parameter_set_id as varchar) as parameter_set_id,
    is_own_set,
    parameter,
    cast(value as decimal(18, 4)) as value
from final
