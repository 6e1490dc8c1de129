with context as (
    select * from {{ ref('int_core__context') }}
),

parameters as (
    select parameters.*
    from {{ ref('int_scoring__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

kpis as (
    select * from {{ ref('int_scoring__kpis') }}
),

checkpoints as (
    select * from {{ ref('int_scoring__checkpoints') }}
),

ended as (
    select
        kpi_periods.*,
        -- Six decimals and no more than a thousandfold, so that squares and their sums stay exact.
        cast(least(greatest(kpi_periods.attainment, -1000), 1000) as decimal(28, 6)) as share
    from {{ ref('int_scoring__kpi_periods') }} as kpi_periods
    inner join kpis on kpi_periods.kpi_id = kpis.kpi_id
    where kpi_periods.is_ended and kpi_periods.value is not null
),

latest as (
    select
        *,
        row_number() over (partition by kpi_id order by period_start desc) as place
    from ended
),

-- The answer is known when the last periods ended alike, or as it had been expected.
settled as (
    select
        latest.kpi_id,
        count(*) as periods,
        sum(case when latest.is_met then 1 else 0 end) as met,
        sum(case when latest.is_met = false then 1 else 0 end) as missed,
        count(latest.share) as shares,
        sum(latest.share) as total,
        sum(cast(latest.share * latest.share as decimal(38, 12))) as squares,
        sum(case when latest.surprise < parameters.expected_tolerance then 1 else 0 end)
            as as_expected
    from latest
    cross join parameters
    where latest.place <= parameters.settled_periods
    group by latest.kpi_id
),

pairs as (
    select
        first_kpis.profile_id,
        first_kpis.kpi_id,
        second_kpis.kpi_id as other_kpi_id,
        count(*) as periods,
        sum(first_ended.share) as sum_x,
        sum(second_ended.share) as sum_y,
        sum(cast(first_ended.share * second_ended.share as decimal(38, 12))) as sum_xy,
        sum(cast(first_ended.share * first_ended.share as decimal(38, 12))) as sum_xx,
        sum(cast(second_ended.share * second_ended.share as decimal(38, 12))) as sum_yy
    from {{ ref('int_scoring__profile_kpis') }} as first_kpis
    inner join {{ ref('int_scoring__profile_kpis') }} as second_kpis
        on first_kpis.profile_id = second_kpis.profile_id and first_kpis.kpi_id < second_kpis.kpi_id
    inner join ended as first_ended on first_kpis.kpi_id = first_ended.kpi_id
    inner join ended as second_ended
        on
            second_kpis.kpi_id = second_ended.kpi_id
            and first_ended.period_type = second_ended.period_type
            and first_ended.period_start = second_ended.period_start
    where first_ended.share is not null and second_ended.share is not null
    group by first_kpis.profile_id, first_kpis.kpi_id, second_kpis.kpi_id
),

moments as (
    select
        profile_id,
        kpi_id,
        other_kpi_id,
        periods,
        cast(round((periods * sum_xy - sum_x * sum_y), 8) as decimal(18, 8)) as together,
        cast(round((periods * sum_xx - sum_x * sum_x), 8) as decimal(18, 8)) as spread,
        cast(round((periods * sum_yy - sum_y * sum_y), 8) as decimal(18, 8)) as other_spread
    from pairs
),

actions as (
    select
        kpi_periods.kpi_id,
        count(distinct kpi_periods.period_start) as periods,
        sum(case when checkpoints.has_action then 1 else 0 end) as actions
    from {{ ref('int_scoring__kpi_periods') }} as kpi_periods
    cross join parameters
    left join checkpoints
        on
            kpi_periods.kpi_id = checkpoints.kpi_id
            and kpi_periods.period_start = checkpoints.period_start
    where kpi_periods.is_ended and kpi_periods.periods_back <= parameters.idle_periods
    group by kpi_periods.kpi_id
),

-- A KPI that means something else from a day within its period on.
definitions as (
    select
        versions.kpi_id,
        versions.valid_from,
        versions.budget_type_id,
        versions.parameters,
        versions.filters,
        lag(versions.kpi_id) over (partition by versions.kpi_id order by versions.valid_from)
            as earlier_kpi_id,
        lag(versions.budget_type_id) over (
            partition by versions.kpi_id order by versions.valid_from
        ) as earlier_type_id,
        lag(versions.parameters) over (partition by versions.kpi_id order by versions.valid_from)
            as earlier_parameters,
        lag(versions.filters) over (partition by versions.kpi_id order by versions.valid_from)
            as earlier_filters
    from {{ ref('stg_canonical__kpis') }} as versions
    inner join context
        on
            {{ known_at('versions', 'context.cut_off_utc') }}
            and versions.valid_from <= context.as_of
    where not versions.is_deleted
),

found as (
    select
        'H5_outside' as finding_code,
        cast(null as varchar) as profile_id,
        checkpoints.kpi_id,
        count(*) as found_count,
        cast(null as varchar) as detail,
        cast(null as varchar) as detail_sv
    from checkpoints
    inner join kpis on checkpoints.kpi_id = kpis.kpi_id
    cross join context
    where checkpoints.is_outside and checkpoints.period_end > context.as_of
    group by checkpoints.kpi_id

    union all

    select
        'H6_settled' as finding_code,
        cast(null as varchar) as profile_id,
        settled.kpi_id,
        settled.periods as found_count,
        cast(null as varchar) as detail,
        cast(null as varchar) as detail_sv
    from settled
    cross join parameters
    where
        settled.periods >= parameters.settled_periods
        and settled.shares = settled.periods
        and (settled.met = settled.periods or settled.missed = settled.periods)
        and settled.shares * settled.squares - settled.total * settled.total
        < settled.shares * settled.shares
        * parameters.settled_deviation * parameters.settled_deviation

    union all

    select
        'H6_expected' as finding_code,
        cast(null as varchar) as profile_id,
        settled.kpi_id,
        settled.periods as found_count,
        cast(null as varchar) as detail,
        cast(null as varchar) as detail_sv
    from settled
    cross join parameters
    where
        settled.periods >= parameters.settled_periods
        and settled.as_expected = settled.periods

    union all

    select
        'H6_twin' as finding_code,
        moments.profile_id,
        moments.kpi_id,
        moments.periods as found_count,
        kpis.name_en || ' (' || kpis.kpi_id || ')' as detail,
        kpis.name_sv || ' (' || kpis.kpi_id || ')' as detail_sv
    from moments
    cross join parameters
    inner join kpis on moments.other_kpi_id = kpis.kpi_id
    where
        moments.periods >= parameters.twin_periods
        and moments.together > 0
        and moments.spread > 0
        and moments.other_spread > 0
        and {{ ratio('moments.together', 'moments.spread') }}
        * {{ ratio('moments.together', 'moments.other_spread') }}
        >= parameters.twin_correlation * parameters.twin_correlation

    union all

    select
        'H9' as finding_code,
        cast(null as varchar) as profile_id,
        checkpoints.kpi_id,
        1 as found_count,
        cast(checkpoints.checkpoint_on as varchar) as detail,
        cast(checkpoints.checkpoint_on as varchar) as detail_sv
    from checkpoints
    inner join kpis on checkpoints.kpi_id = kpis.kpi_id
    cross join context
    cross join parameters
    where
        checkpoints.is_unanswered
        and {{ days_between('checkpoints.checkpoint_on', 'context.as_of') }}
        <= parameters.checkpoint_days

    union all

    select
        'H10' as finding_code,
        cast(null as varchar) as profile_id,
        actions.kpi_id,
        actions.periods as found_count,
        cast(null as varchar) as detail,
        cast(null as varchar) as detail_sv
    from actions
    inner join kpis on actions.kpi_id = kpis.kpi_id and kpis.kpi_status = 'active'
    cross join parameters
    where actions.periods >= parameters.idle_periods and actions.actions = 0

    union all

    select
        'H12_changed' as finding_code,
        cast(null as varchar) as profile_id,
        definitions.kpi_id,
        1 as found_count,
        cast(definitions.valid_from as varchar) as detail,
        cast(definitions.valid_from as varchar) as detail_sv
    from definitions
    inner join kpis on definitions.kpi_id = kpis.kpi_id
    where
        definitions.valid_from > kpis.period_start
        and definitions.earlier_kpi_id is not null
        and (
            definitions.budget_type_id is distinct from definitions.earlier_type_id
            or definitions.parameters is distinct from definitions.earlier_parameters
            or definitions.filters is distinct from definitions.earlier_filters
        )

    union all

    select
        'H12_version' as finding_code,
        cast(null as varchar) as profile_id,
        frozen.kpi_id,
        1 as found_count,
        cast(max(frozen.as_of) as varchar) as detail,
        cast(max(frozen.as_of) as varchar) as detail_sv
    from {{ ref('int_scoring__frozen_scores') }} as frozen
    inner join kpis
        on
            frozen.kpi_id = kpis.kpi_id
            and frozen.period_start = kpis.period_start
            and frozen.definition_version <> kpis.definition_version
    where frozen.subject_type = 'kpi' and frozen.node_level = 'company'
    group by frozen.kpi_id

    union all

    select
        'H13' as finding_code,
        cast(null as varchar) as profile_id,
        subject_id as kpi_id,
        count(*) as found_count,
        cast(null as varchar) as detail,
        cast(null as varchar) as detail_sv
    from {{ ref('int_scoring__measures') }}
    where subject_type = 'kpi' and node_level = 'rep' and reason_code = 'insufficient_n'
    group by subject_id
)

select
    finding_code,
    profile_id,
    kpi_id,
    cast(found_count as integer) as found_count,
    detail,
    detail_sv
from found
