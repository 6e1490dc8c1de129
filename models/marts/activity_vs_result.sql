with context as (
    select * from {{ ref('int_core__context') }}
),

parameters as (
    select parameters.*
    from {{ ref('int_scoring__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

reps as (
    select * from {{ ref('int_scoring__rep_profiles') }}
),

-- As in the profile's score, one key figure far above its target does not hide another.
capped as (
    select
        reps.rep_id,
        reps.profile_id,
        scores.period_start,
        scores.period_end,
        -- What a key figure measures is what the registry says.
        case
            when registry.measures = 'activity' then 'activity'
            when registry.measures in ('volume', 'invoicing', 'margin', 'order')
                then 'financial'
        end as side,
        profile_kpis.weight,
        case when scores.score is not null then least(scores.score, profile_kpis.cap) end
            as score,
        case when scores.pace is not null then least(scores.pace, profile_kpis.cap) end as pace
    from {{ ref('int_scoring__scores') }} as scores
    inner join reps on scores.node_id = reps.rep_id
    inner join {{ ref('int_scoring__profile_kpis') }} as profile_kpis
        on reps.profile_id = profile_kpis.profile_id and scores.kpi_id = profile_kpis.kpi_id
    inner join {{ ref('budget_type_registry') }} as registry
        on scores.budget_type_id = registry.budget_type_id
    where scores.subject_type = 'kpi' and scores.node_level = 'rep'
),

weighed as (
    select
        *,
        case when score is not null then weight end as score_weight,
        case when pace is not null then weight end as pace_weight,
        round(cast(score as decimal(19, 10)) * cast(weight as decimal(18, 10)), 10)
            as weighed_score,
        round(cast(pace as decimal(19, 10)) * cast(weight as decimal(18, 10)), 10)
            as weighed_pace
    from capped
),

measured as (
    select
        rep_id,
        profile_id,
        min(period_start) as period_start,
        max(period_end) as period_end,
        count(case when side = 'activity' then score end) as activity_kpis,
        {{ ratio(
            "sum(case when side = 'activity' then weighed_score end)",
            "sum(case when side = 'activity' then score_weight end)",
        ) }} as activity_score,
        {{ ratio(
            "sum(case when side = 'activity' then weighed_pace end)",
            "sum(case when side = 'activity' then pace_weight end)",
        ) }} as activity_pace,
        count(case when side = 'financial' then score end) as financial_kpis,
        {{ ratio(
            "sum(case when side = 'financial' then weighed_score end)",
            "sum(case when side = 'financial' then score_weight end)",
        ) }} as financial_score,
        {{ ratio(
            "sum(case when side = 'financial' then weighed_pace end)",
            "sum(case when side = 'financial' then pace_weight end)",
        ) }} as financial_pace
    from weighed
    group by rep_id, profile_id
),

-- In the middle of a period most of every target is left: the pace tells where somebody stands.
placed as (
    select
        measured.*,
        measured.activity_pace >= parameters.on_track_from as is_active,
        measured.financial_pace >= parameters.on_track_from as is_productive
    from measured
    cross join parameters
)

select
    cast(placed.rep_id as varchar) as rep_id,
    cast(placed.profile_id as varchar) as profile_id,
    placed.period_start,
    placed.period_end,
    cast(placed.activity_kpis as integer) as activity_kpis,
    cast(placed.financial_kpis as integer) as financial_kpis,
    placed.activity_score,
    placed.financial_score,
    placed.activity_pace,
    placed.financial_pace,
    cast(quadrants.quadrant as varchar) as quadrant,
    cast(
        case
            when placed.activity_pace is null and placed.financial_pace is null
                then 'nothing_scored'
            when placed.activity_pace is null then 'no_activity_scored'
            when placed.financial_pace is null then 'no_result_scored'
        end as varchar
    ) as reason_code,
    cast(quadrants.text_en as varchar) as text_en,
    cast(quadrants.text_sv as varchar) as text_sv
from placed
left join {{ ref('activity_quadrants') }} as quadrants
    on
        placed.is_active = quadrants.is_active
        and placed.is_productive = quadrants.is_productive
