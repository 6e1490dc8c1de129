-- Nobody is, over one to three steps, their own manager as known at S. Figures follow one step only
-- and stand; the organisation in the CRM needs mending.
{{ config(severity="warn") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

managers as (
    select
        reps.rep_id,
        reps.manager_rep_id
    from {{ ref('stg_canonical__reps') }} as reps
    cross join context
    where
        {{ known_at('reps', 'context.cut_off_utc') }}
        and not reps.is_deleted
        and reps.manager_rep_id is not null
)

select
    first_step.rep_id,
    first_step.manager_rep_id
from managers as first_step
left join managers as second_step
    on first_step.manager_rep_id = second_step.rep_id
left join managers as third_step
    on second_step.manager_rep_id = third_step.rep_id
where
    first_step.rep_id = first_step.manager_rep_id
    or first_step.rep_id = second_step.manager_rep_id
    or first_step.rep_id = third_step.manager_rep_id
