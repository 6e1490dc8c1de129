-- Requirement K12: all rules for all users are calculated every night. A rep has exactly one row
-- for each key figure of its profile that was admitted, and none for one that was refused.
with expected as (
    select
        rep_profiles.rep_id,
        admission.kpi_id
    from {{ ref('int_scoring__rep_profiles') }} as rep_profiles
    inner join {{ ref('int_scoring__admission') }} as admission
        on rep_profiles.profile_id = admission.profile_id and admission.is_admitted
),

shown as (
    select
        scores.node_id as rep_id,
        scores.kpi_id,
        count(*) as rows_shown
    from {{ ref('scores') }} as scores
    inner join {{ ref('int_core__context') }} as context on scores.as_of = context.as_of
    where scores.subject_type = 'kpi' and scores.node_level = 'rep'
    group by scores.node_id, scores.kpi_id
)

select
    coalesce(expected.rep_id, shown.rep_id) as rep_id,
    coalesce(expected.kpi_id, shown.kpi_id) as kpi_id,
    shown.rows_shown
from expected
full join shown on expected.rep_id = shown.rep_id and expected.kpi_id = shown.kpi_id
where expected.rep_id is null or shown.rep_id is null or shown.rows_shown <> 1
