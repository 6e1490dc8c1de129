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

first_day as (
    select min(period_start) as period_start
    from rolling
),

-- The days of the sales period on which there was a score, and tonight.
days as (
    select
        rolling.subject_type,
        rolling.subject_id,
        rolling.node_level,
        rolling.node_id,
        frozen.score
    from {{ ref('int_scoring__frozen_scores') }} as frozen
    inner join first_day on frozen.as_of >= first_day.period_start
    inner join rolling
        on
            frozen.subject_type = rolling.subject_type
            and frozen.subject_id = rolling.subject_id
            and frozen.node_level = rolling.node_level
            and frozen.node_id = rolling.node_id
            and frozen.period_start = rolling.period_start

    union all

    select
        subject_type,
        subject_id,
        node_level,
        node_id,
        score
    from rolling
),

met as (
    select
        subject_type,
        subject_id,
        node_level,
        node_id,
        count(score) as days_scored,
        sum(case when score >= 1 then 1 else 0 end) as days_met
    from days
    group by subject_type, subject_id, node_level, node_id
)

select
    scores.subject_type,
    scores.subject_id,
    scores.node_level,
    scores.node_id,
    context.as_of,
    yesterday.value as value_yesterday,
    {{ ratio('met.days_met', 'met.days_scored') }} as days_met_share
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
