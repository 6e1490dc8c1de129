with scores as (
    select * from {{ ref('int_scoring__profile_scores') }}
),

profiles as (
    select distinct
        profile_id,
        profile_name
    from {{ ref('int_scoring__profile_kpis') }}
),

rep_counts as (
    select
        node_levels.node_level,
        {{ node_id('rep_profiles') }} as node_id,
        rep_profiles.profile_id,
        count(*) as reps
    from {{ ref('int_scoring__rep_profiles') }} as rep_profiles
    cross join {{ node_levels() }}
    group by node_levels.node_level, {{ node_id('rep_profiles') }}, rep_profiles.profile_id
)

select
    cast(scores.node_level as varchar) as node_level,
    cast(scores.node_id as varchar) as node_id,
    cast(scores.profile_id as varchar) as profile_id,
    cast(profiles.profile_name as varchar) as profile,
    cast(rep_counts.reps as integer) as reps,
    scores.kpis,
    scores.kpis_scored,
    scores.weight_scored_share,
    scores.profile_score
from scores
inner join profiles on scores.profile_id = profiles.profile_id
inner join rep_counts
    on
        scores.node_level = rep_counts.node_level
        and scores.node_id = rep_counts.node_id
        and scores.profile_id = rep_counts.profile_id
