with scores as (
    select * from {{ ref('int_scoring__scores') }}
    where subject_type = 'kpi'
),

kpis as (
    select * from {{ ref('int_scoring__kpis') }}
),

rep_scores as (
    select
        scores.kpi_id,
        node_levels.node_level,
        {{ node_id('rep_profiles') }} as node_id,
        scores.node_id as rep_id,
        scores.score,
        statuses.is_on_track
    from {{ ref('int_scoring__rep_profiles') }} as rep_profiles
    inner join scores on scores.node_level = 'rep' and rep_profiles.rep_id = scores.node_id
    inner join {{ ref('score_statuses') }} as statuses on scores.status = statuses.status
    cross join {{ node_levels() }}
    where node_levels.node_level <> 'rep'
),

ranked as (
    select
        kpi_id,
        node_level,
        node_id,
        score,
        row_number() over (
            partition by kpi_id, node_level, node_id order by score, rep_id
        ) as place,
        count(*) over (partition by kpi_id, node_level, node_id) as places
    from rep_scores
    where score is not null
),

-- Of an even number the mean of the two in the middle.
medians as (
    select
        kpi_id,
        node_level,
        node_id,
        {{ ratio('sum(score)', 'count(*)') }} as median_score
    from ranked
    where 2 * place between places and places + 2
    group by kpi_id, node_level, node_id
),

spreads as (
    select
        kpi_id,
        node_level,
        node_id,
        count(*) as reps,
        count(score) as reps_scored,
        count(is_on_track) as reps_judged,
        sum(case when is_on_track then 1 else 0 end) as reps_on_track,
        min(score) as lowest_score,
        max(score) as highest_score
    from rep_scores
    group by kpi_id, node_level, node_id
)

select
    cast(scores.node_level as varchar) as node_level,
    cast(scores.node_id as varchar) as node_id,
    cast(scores.kpi_id as varchar) as kpi_id,
    cast(scores.budget_type_id as varchar) as budget_type_id,
    cast(kpis.name_en as varchar) as name_en,
    cast(kpis.name_sv as varchar) as name_sv,
    cast(kpis.unit as varchar) as unit,
    scores.period_start,
    scores.period_end,
    scores.value,
    scores.target,
    scores.target_low,
    scores.remaining_to_target,
    scores.attainment,
    scores.score,
    scores.expected_to_date,
    scores.pace,
    scores.forecast,
    cast(scores.forecast_method as varchar) as forecast_method,
    cast(scores.status as varchar) as status,
    cast(scores.reason_code as varchar) as reason_code,
    cast(scores.action_due as varchar) as action_due,
    cast(spreads.reps as integer) as reps,
    cast(spreads.reps_scored as integer) as reps_scored,
    cast(spreads.reps_on_track as integer) as reps_on_track,
    {{ ratio('spreads.reps_on_track', 'spreads.reps_judged') }} as on_track_share,
    medians.median_score,
    cast(spreads.lowest_score as decimal(28, 10)) as lowest_score,
    cast(spreads.highest_score as decimal(28, 10)) as highest_score,
    cast(spreads.highest_score - spreads.lowest_score as decimal(28, 10)) as spread
from scores
inner join kpis on scores.kpi_id = kpis.kpi_id
inner join spreads
    on
        scores.kpi_id = spreads.kpi_id
        and scores.node_level = spreads.node_level
        and scores.node_id = spreads.node_id
left join medians
    on
        scores.kpi_id = medians.kpi_id
        and scores.node_level = medians.node_level
        and scores.node_id = medians.node_id
