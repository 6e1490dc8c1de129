{{ config(materialized="incremental", pre_hook="{{ forget_touched_periods() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

registry as (
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
expected as (
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
),

valued as (
    select
        budget_type_id,
        parameter_set_id,
        node_level,
        node_id,
        basis,
        period_type,
        period_start,
        campaign_id,
        case when coalesce(reason_code, '') <> 'no_source' then numerator end as numerator,
        case when coalesce(reason_code, '') <> 'no_source' then denominator end as denominator,
        {{ value_of_parts() }} as value,
        record_count,
        reason_code
    from measured
),

snapshots as (
    select
        valued.*,
        context.as_of as frozen_as_of
    from valued
    cross join context
    where valued.period_type = 'snapshot'

    union all

    select
        history.budget_type_id,
        history.parameter_set_id,
        history.node_level,
        history.node_id,
        history.basis,
        'snapshot' as period_type,
        history.period_start,
        '' as campaign_id,
        history.numerator,
        history.denominator,
        history.value,
        history.record_count,
        history.reason_code,
        history.frozen_as_of
    from {{ source('run', 'history_snapshots') }} as history
    cross join context
    where history.frozen_as_of < context.as_of
),

-- A standing figure of a period is the last one frozen inside it, for all nodes from the same
-- night.
last_nights as (
    select
        snapshots.budget_type_id,
        snapshots.parameter_set_id,
        type_periods.period_type,
        type_periods.period_start,
        type_periods.campaign_id,
        max(snapshots.frozen_as_of) as frozen_as_of
    from (
        select distinct
            budget_type_id,
            parameter_set_id,
            frozen_as_of
        from snapshots
    ) as snapshots
    inner join type_periods
        on
            snapshots.budget_type_id = type_periods.budget_type_id
            and type_periods.time_shape = 'snapshot'
            and snapshots.frozen_as_of >= type_periods.period_start
            and snapshots.frozen_as_of < type_periods.period_end
    group by 1, 2, 3, 4, 5
),

frozen as (
    select
        snapshots.budget_type_id,
        snapshots.parameter_set_id,
        snapshots.node_level,
        snapshots.node_id,
        snapshots.basis,
        last_nights.period_type,
        last_nights.period_start,
        last_nights.campaign_id,
        snapshots.numerator,
        snapshots.denominator,
        snapshots.value,
        snapshots.record_count,
        snapshots.reason_code
    from last_nights
    inner join snapshots
        on
            last_nights.budget_type_id = snapshots.budget_type_id
            and last_nights.parameter_set_id = snapshots.parameter_set_id
            and last_nights.frozen_as_of = snapshots.frozen_as_of
),

never_frozen as (
    select
        type_periods.budget_type_id,
        'default' as parameter_set_id,
        'company' as node_level,
        'company' as node_id,
        bases.basis,
        type_periods.period_type,
        type_periods.period_start,
        type_periods.campaign_id,
        cast(null as decimal(28, 4)) as numerator,
        cast(null as decimal(28, 4)) as denominator,
        cast(null as decimal(28, 10)) as value,
        0 as record_count,
        'no_snapshot' as reason_code
    from type_periods
    cross join bases
    left join last_nights
        on
            type_periods.budget_type_id = last_nights.budget_type_id
            and last_nights.parameter_set_id = 'default'
            and type_periods.period_type = last_nights.period_type
            and type_periods.period_start = last_nights.period_start
            and type_periods.campaign_id = last_nights.campaign_id
    where type_periods.time_shape = 'snapshot' and last_nights.budget_type_id is null
),

final as (
    select * from valued
    union all
    select * from frozen
    union all
    select * from never_frozen
)

select
    final.budget_type_id,
    final.parameter_set_id,
    final.node_level,
    final.node_id,
    final.basis,
    final.period_type,
    final.period_start,
    final.campaign_id,
    cast(final.numerator as decimal(28, 4)) as numerator,
    cast(final.denominator as decimal(28, 4)) as denominator,
    cast(final.value as decimal(28, 10)) as value,
    cast(final.record_count as bigint) as record_count,
    final.reason_code
from final
inner join touched
    on
        final.budget_type_id = touched.budget_type_id
        and final.basis = touched.basis
        and final.period_type = touched.period_type
        and final.period_start = touched.period_start
        and final.campaign_id = touched.campaign_id
