with context as (
    select * from {{ ref('int_core__context') }}
),

scores as (
    select * from {{ ref('int_scoring__scores') }}
),

last_night as (
    select max(as_of) as as_of
    from {{ ref('int_scoring__nights') }}
),

yesterday as (
    select
        frozen.subject_type,
        frozen.subject_id,
        frozen.node_level,
        frozen.node_id,
        frozen.value
    from {{ ref('int_scoring__frozen_scores') }} as frozen
    inner join last_night on frozen.as_of = last_night.as_of
),

rolling as (
    select
        subject_type,
        subject_id,
        node_level,
        node_id,
        period_start,
        score
    from scores
    where is_rolling
),

-- Few subjects are rolling: they are looked for first, their nodes among what is found.
rolling_subjects as (
    select distinct
        subject_type,
        subject_id,
        period_start
    from rolling
),

first_day as (
    select min(period_start) as period_start
    from rolling_subjects
),

-- The days of the sales period on which there was a score, and tonight.
days as (
    select
        frozen.subject_type,
        frozen.subject_id,
        frozen.node_level,
        frozen.node_id,
        frozen.period_start,
        frozen.score
    from {{ ref('int_scoring__frozen_scores') }} as frozen
    inner join first_day on frozen.as_of >= first_day.period_start
    inner join rolling_subjects
        on
            frozen.subject_type = rolling_subjects.subject_type
            and frozen.subject_id = rolling_subjects.subject_id
            and frozen.period_start = rolling_subjects.period_start
    where frozen.score is not null

    union all

    select
        subject_type,
        subject_id,
        node_level,
        node_id,
        period_start,
        score
    from rolling
),

met as (
    select
        subject_type,
        subject_id,
        node_level,
        node_id,
        period_start,
        count(score) as days_scored,
        sum(case when score >= 1 then 1 else 0 end) as days_met
    from days
    group by subject_type, subject_id, node_level, node_id, period_start
)

select
    scores.subject_type,
    scores.subject_id,
    scores.node_level,
    scores.node_id,
    context.as_of,
    yesterday.value as value_yesterday,
    cast(
        case when scores.is_rolling then {{ ratio('met.days_met', 'met.days_scored') }} end
        as decimal(28, 10)
    ) as days_met_share
from scores
cross join context
left join yesterday
    on
        scores.subject_type = yesterday.subject_type
        and scores.subject_id = yesterday.subject_id
        and scores.node_level = yesterday.node_level
        and scores.node_id = yesterday.node_id
left join met
    on
        scores.subject_type = met.subject_type
        and scores.subject_id = met.subject_id
        and scores.node_level = met.node_level
        and scores.node_id = met.node_id
        and scores.period_start = met.period_start
