{{ config(materialized="table") }}

with context as (
    select * from {{ ref('int_core__context') }}
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
        periods.period_type,
        periods.period_start,
        periods.period_end,
        periods.campaign_id
    from {{ ref('budget_type_periods') }} as type_periods
    inner join {{ ref('budget_type_registry') }} as registry
        on
            type_periods.budget_type_id = registry.budget_type_id
            and registry.time_shape = 'snapshot'
    inner join {{ ref('int_core__periods') }} as periods
        on type_periods.period_type = periods.period_type
),

snapshots as (
    select
        valued.*,
        context.as_of as frozen_as_of
    from {{ ref('int_outcomes__valued_parts') }} as valued
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
    where last_nights.budget_type_id is null
),

final as (
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
{{ join_touched('final') }}
