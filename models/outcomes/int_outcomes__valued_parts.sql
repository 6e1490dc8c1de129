{{ config(materialized="view") }}

with registry as (
    select
        budget_type_id,
        time_shape,
        is_divided,
        scale,
        min_n,
        requires,
        needs_target
    from {{ ref('budget_type_registry') }}
),

-- A type without one of the entities it reads has no figures, which is not the same as zero.
unsourced as (
    select distinct reads.budget_type_id
    from {{ ref('budget_type_reads') }} as reads
    left join {{ source('run', 'extracts') }} as extracts on reads.entity = extracts.entity
    where extracts.entity is null
),

bases as (
    select basis
    from (values ('reported'), ('restated')) as bases (basis)
),

touched as (
    select * from {{ ref('int_outcomes__touched_periods') }}
),

-- The periods each type has figures for.
type_periods as (
    select
        type_periods.budget_type_id,
        registry.time_shape,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        periods.campaign_id
    from {{ ref('budget_type_periods') }} as type_periods
    inner join registry on type_periods.budget_type_id = registry.budget_type_id
    inner join {{ ref('int_core__periods') }} as periods
        on type_periods.period_type = periods.period_type
),

-- The company has a row for every type and period, also where nothing happened.
all_expected as (
    select
        type_periods.budget_type_id,
        'default' as parameter_set_id,
        'company' as node_level,
        'company' as node_id,
        bases.basis,
        type_periods.period_type,
        type_periods.period_start,
        type_periods.campaign_id
    from type_periods
    cross join bases
    where type_periods.time_shape = 'flow'

    union all

    select
        evaluations.budget_type_id,
        evaluations.parameter_set_id,
        'company' as node_level,
        'company' as node_id,
        bases.basis,
        evaluations.period_type,
        evaluations.period_start,
        coalesce(evaluations.campaign_id, '') as campaign_id
    from {{ ref('int_core__evaluations') }} as evaluations
    cross join bases
),

expected as (
    select all_expected.*
    from all_expected
    {{ join_touched('all_expected') }}
),

-- Of a derived type the formulas give numerator and denominator; its own parts count the records.
all_parts as (
    select
        budget_type_id,
        part,
        parameter_set_id,
        node_level,
        node_id,
        basis,
        period_type,
        period_start,
        campaign_id,
        amount,
        record_count,
        missing_amounts
    from {{ ref('int_outcomes__parts') }}

    union all

    select
        budget_type_id,
        part,
        parameter_set_id,
        node_level,
        node_id,
        basis,
        period_type,
        period_start,
        campaign_id,
        amount,
        0 as record_count,
        0 as missing_amounts
    from {{ ref('int_outcomes__derived_parts') }}

    union all

    select
        budget_type_id,
        'none' as part,
        parameter_set_id,
        node_level,
        node_id,
        basis,
        period_type,
        period_start,
        campaign_id,
        cast(null as decimal(28, 4)) as amount,
        0 as record_count,
        0 as missing_amounts
    from expected
),

pivoted as (
    select
        budget_type_id,
        parameter_set_id,
        node_level,
        node_id,
        basis,
        period_type,
        period_start,
        campaign_id,
        max(case when part = 'numerator' then amount end) as numerator,
        max(case when part = 'denominator' then amount end) as denominator,
        max(case when part = 'n' then amount end) as n,
        sum(record_count) as record_count,
        sum(missing_amounts) as missing_amounts
    from all_parts
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

measured as (
    select
        pivoted.budget_type_id,
        pivoted.parameter_set_id,
        pivoted.node_level,
        pivoted.node_id,
        pivoted.basis,
        pivoted.period_type,
        pivoted.period_start,
        pivoted.campaign_id,
        registry.is_divided,
        registry.scale,
        coalesce(pivoted.numerator, 0) as numerator,
        case when registry.is_divided then coalesce(pivoted.denominator, 0) end as denominator,
        pivoted.record_count,
        {{ reason_for_no_value('pivoted', 'registry', 'unsourced') }} as reason_code
    from pivoted
    inner join registry on pivoted.budget_type_id = registry.budget_type_id
    left join unsourced on pivoted.budget_type_id = unsourced.budget_type_id
)

select
    budget_type_id,
    parameter_set_id,
    node_level,
    node_id,
    basis,
    period_type,
    period_start,
    campaign_id,
    cast(
        case when coalesce(reason_code, '') <> 'no_source' then numerator end as decimal(28, 4)
    ) as numerator,
    cast(
        case when coalesce(reason_code, '') <> 'no_source' then denominator end as decimal(28, 4)
    ) as denominator,
    cast({{ value_of_parts() }} as decimal(28, 10)) as value,
    cast(record_count as bigint) as record_count,
    reason_code
from measured
