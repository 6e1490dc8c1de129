-- Requirement K13: numbers are fixed. Of every night before S the table holds the rows that were
-- frozen when it was published, under the publication that showed them, and no others.
with kept as (
    select
        scores.as_of,
        scores.publication_id,
        count(*) as scores,
        sum(scores.value) as total_value,
        sum(scores.score) as total_score
    from {{ ref('scores') }} as scores
    inner join {{ ref('int_core__context') }} as context on scores.as_of < context.as_of
    group by scores.as_of, scores.publication_id
),

frozen as (
    select
        as_of,
        publication_id,
        count(*) as scores,
        sum(value) as total_value,
        sum(score) as total_score
    from {{ ref('int_scoring__frozen_scores') }}
    group by as_of, publication_id
)

select
    coalesce(kept.as_of, frozen.as_of) as as_of,
    kept.publication_id as kept_publication_id,
    frozen.publication_id as frozen_publication_id
from kept
full join frozen
    on kept.as_of = frozen.as_of and kept.publication_id = frozen.publication_id
where
    kept.as_of is null
    or frozen.as_of is null
    or kept.scores <> frozen.scores
    or kept.total_value is distinct from frozen.total_value
    or kept.total_score is distinct from frozen.total_score
