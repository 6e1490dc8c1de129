with figures as (
    select distinct
        figure_id,
        figure_kind,
        scope_id,
        budget_type_id,
        parameter_set_id,
        figure_period_type,
        figure_start,
        figure_campaign_id
    from {{ ref('int_scoring__subject_periods') }}
    where figure_kind <> 'none'
),

scopes as (
    select * from {{ ref('int_scoring__scopes') }}
),

parts as (
    select * from {{ ref('int_scoring__figure_parts') }}
),

-- Of a type that must be limited, the figures that are.
required_scopes as (
    select distinct
        scopes.scope_id,
        registry.budget_type_id
    from scopes
    inner join {{ ref('budget_type_registry') }} as registry
        on position(' ' || scopes.dimension || ' ' in ' ' || registry.requires || ' ') > 0
),

unsourced as (
    select distinct reads.budget_type_id
    from {{ ref('budget_type_reads') }} as reads
    left join {{ source('run', 'extracts') }} as extracts on reads.entity = extracts.entity
    where extracts.entity is null
),

measured as (
    select
        parts.figure_id,
        parts.node_level,
        parts.node_id,
        registry.is_divided,
        registry.scale,
        coalesce(parts.numerator, 0) as numerator,
        case when registry.is_divided then coalesce(parts.denominator, 0) end as denominator,
        parts.record_count,
        {{ reason_for_no_value(
            'parts', 'registry', 'unsourced', is_limited='required_scopes.scope_id is not null'
        ) }} as reason_code
    from parts
    inner join figures on parts.figure_id = figures.figure_id
    inner join {{ ref('budget_type_registry') }} as registry
        on figures.budget_type_id = registry.budget_type_id
    left join unsourced on figures.budget_type_id = unsourced.budget_type_id
    left join required_scopes
        on
            figures.scope_id = required_scopes.scope_id
            and figures.budget_type_id = required_scopes.budget_type_id
),

final as (
    select
        figure_id,
        node_level,
        node_id,
        case when coalesce(reason_code, '') <> 'no_source' then numerator end as numerator,
        case when coalesce(reason_code, '') <> 'no_source' then denominator end as denominator,
        {{ value_of_parts() }} as value,
        record_count,
        reason_code
    from measured

    union all

    select
        figures.figure_id,
        outcome_values.node_level,
        outcome_values.node_id,
        outcome_values.numerator,
        outcome_values.denominator,
        outcome_values.value,
        outcome_values.record_count,
        outcome_values.reason_code
    from figures
    inner join {{ ref('int_outcomes__values') }} as outcome_values
        on
            figures.budget_type_id = outcome_values.budget_type_id
            and figures.parameter_set_id = outcome_values.parameter_set_id
            and figures.figure_period_type = outcome_values.period_type
            and figures.figure_start = outcome_values.period_start
            and figures.figure_campaign_id = outcome_values.campaign_id
            and outcome_values.basis = 'reported'
    where figures.figure_kind = 'looked_up'
)

select
    figure_id,
    node_level,
    node_id,
    cast(numerator as decimal(28, 4)) as numerator,
    cast(denominator as decimal(28, 4)) as denominator,
    cast(value as decimal(28, 10)) as value,
    cast(record_count as bigint) as record_count,
    reason_code
from final
