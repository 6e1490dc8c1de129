{{ config(materialized="incremental", pre_hook="{{ forget_touched_periods() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

registry as (
    select
        budget_type_id,
        time_shape,
        aggregation in ('RATIO', 'LAST_RATIO') as is_ratio,
        scale,
        min_n,
        rolling_months,
        requires
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

parts as (
    select
        budget_type_id,
        part,
        parameter_set_id,
        node_level,
        node_id,
        basis,
        period_type,
        period_start,
        amount,
        record_count,
        missing_amounts
    from {{ ref('int_outcomes__flow_parts') }}

    union all

    select
        parts.budget_type_id,
        parts.part,
        parts.parameter_set_id,
        parts.node_level,
        parts.node_id,
        bases.basis,
        parts.period_type,
        parts.period_start,
        parts.amount,
        parts.record_count,
        parts.missing_amounts
    from {{ ref('int_outcomes__evaluated_parts') }} as parts
    cross join bases
),

-- The company has a row for every type and period, also where nothing happened.
expected as (
    select
        registry.budget_type_id,
        'default' as parameter_set_id,
        'company' as node_level,
        'company' as node_id,
        bases.basis,
        periods.period_type,
        periods.period_start
    from registry
    cross join bases
    inner join {{ ref('int_core__periods') }} as periods
        on
            registry.time_shape = 'flow'
            and (
                registry.rolling_months is null
                or periods.period_type in ('month', 'quarter', 'year')
            )

    union all

    select
        evaluations.budget_type_id,
        evaluations.parameter_set_id,
        'company' as node_level,
        'company' as node_id,
        bases.basis,
        evaluations.period_type,
        evaluations.period_start
    from {{ ref('int_core__evaluations') }} as evaluations
    cross join bases
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
        max(case when part = 'numerator' then amount end) as numerator,
        max(case when part = 'denominator' then amount end) as denominator,
        sum(record_count) as record_count,
        sum(missing_amounts) as missing_amounts
    from (
        select parts.*
        from parts
        inner join touched
            on
                parts.budget_type_id = touched.budget_type_id
                and parts.basis = touched.basis
                and parts.period_type = touched.period_type
                and parts.period_start = touched.period_start

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
            cast(null as decimal(28, 4)) as amount,
            0 as record_count,
            0 as missing_amounts
        from expected
    ) as all_parts
    group by 1, 2, 3, 4, 5, 6, 7
),

-- A part without rows is nothing, not unknown: both are zero before they are divided.
measured as (
    select
        pivoted.budget_type_id,
        pivoted.parameter_set_id,
        pivoted.node_level,
        pivoted.node_id,
        pivoted.basis,
        pivoted.period_type,
        pivoted.period_start,
        registry.is_ratio,
        registry.scale,
        coalesce(pivoted.numerator, 0) as numerator,
        case when registry.is_ratio then coalesce(pivoted.denominator, 0) end as denominator,
        pivoted.record_count,
        case
            when unsourced.budget_type_id is not null then 'no_source'
            when registry.requires is not null then 'filter_required'
            when pivoted.missing_amounts > 0 then 'missing_rate'
            when registry.is_ratio and coalesce(pivoted.denominator, 0) = 0
                then 'zero_denominator'
            when registry.is_ratio and pivoted.denominator < registry.min_n then 'insufficient_n'
        end as reason_code
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
        case when coalesce(reason_code, '') <> 'no_source' then numerator end as numerator,
        case when coalesce(reason_code, '') <> 'no_source' then denominator end as denominator,
        case
            when reason_code is not null then null
            when is_ratio then {{ ratio('numerator * scale', 'denominator') }}
            else numerator * scale
        end as value,
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

-- A standing figure of a week, month, quarter or year is the last one frozen inside it, for all
-- nodes from the same night.
last_nights as (
    select
        snapshots.budget_type_id,
        snapshots.parameter_set_id,
        periods.period_type,
        periods.period_start,
        max(snapshots.frozen_as_of) as frozen_as_of
    from snapshots
    inner join {{ ref('int_core__periods') }} as periods
        on
            snapshots.frozen_as_of >= periods.period_start
            and snapshots.frozen_as_of < periods.period_end
            and periods.period_type in ('week', 'month', 'quarter', 'year')
    group by 1, 2, 3, 4
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
        registry.budget_type_id,
        'default' as parameter_set_id,
        'company' as node_level,
        'company' as node_id,
        bases.basis,
        periods.period_type,
        periods.period_start,
        cast(null as decimal(28, 4)) as numerator,
        cast(null as decimal(28, 4)) as denominator,
        cast(null as decimal(28, 10)) as value,
        0 as record_count,
        'no_snapshot' as reason_code
    from registry
    cross join bases
    inner join {{ ref('int_core__periods') }} as periods
        on
            registry.time_shape = 'snapshot'
            and periods.period_type in ('week', 'month', 'quarter', 'year')
    left join last_nights
        on
            registry.budget_type_id = last_nights.budget_type_id
            and last_nights.parameter_set_id = 'default'
            and periods.period_type = last_nights.period_type
            and periods.period_start = last_nights.period_start
    where last_nights.budget_type_id is null
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
