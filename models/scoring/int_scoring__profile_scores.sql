with context as (
    select * from {{ ref('int_core__context') }}
),

parameters as (
    select parameters.*
    from {{ ref('int_scoring__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

-- A node has the profiles of its reps; its own scores stand for it, never the mean of theirs.
nodes as (
    select distinct
        node_levels.node_level,
        {{ node_id('rep_profiles') }} as node_id,
        rep_profiles.profile_id
    from {{ ref('int_scoring__rep_profiles') }} as rep_profiles
    cross join {{ node_levels() }}
),

weighed as (
    select
        nodes.node_level,
        nodes.node_id,
        nodes.profile_id,
        coalesce(profile_kpis.weight, 0) as weight,
        case
            when scores.score is not null
                then least(scores.score, coalesce(profile_kpis.cap, parameters.default_cap))
        end as capped_score
    from nodes
    cross join parameters
    inner join {{ ref('int_scoring__profile_kpis') }} as profile_kpis
        on nodes.profile_id = profile_kpis.profile_id
    left join {{ ref('int_scoring__scores') }} as scores
        on
            scores.subject_type = 'kpi'
            and profile_kpis.kpi_id = scores.kpi_id
            and nodes.node_level = scores.node_level
            and nodes.node_id = scores.node_id
),

summed as (
    select
        node_level,
        node_id,
        profile_id,
        count(*) as kpis,
        count(capped_score) as kpis_scored,
        sum(weight) as weight,
        sum(case when capped_score is not null then weight else 0 end) as weight_scored,
        sum(
            round(
                cast(capped_score as decimal(19, 10)) * cast(weight as decimal(18, 10)), 10
            )
        ) as weighted_score
    from weighed
    group by node_level, node_id, profile_id
),

shares as (
    select
        *,
        {{ ratio('weight_scored', 'weight') }} as weight_scored_share
    from summed
)

select
    shares.node_level,
    shares.node_id,
    shares.profile_id,
    cast(shares.kpis as integer) as kpis,
    cast(shares.kpis_scored as integer) as kpis_scored,
    cast(shares.weight_scored_share as decimal(28, 10)) as weight_scored_share,
    cast(
        case
            when shares.weight_scored_share >= parameters.least_weight_scored
                then {{ ratio('shares.weighted_score', 'shares.weight_scored') }}
        end as decimal(28, 10)
    ) as profile_score
from shares
cross join parameters
