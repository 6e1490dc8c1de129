with context as (
    select * from {{ ref('int_core__context') }}
),

windows as (
    select * from {{ ref('int_scoring__training_windows') }}
),

trainings as (
    select
        trainings.rep_id,
        trainings.training_id,
        trainings.date as trained_on
    from {{ ref('stg_canonical__training_events') }} as trainings
    inner join context on {{ known_at('trainings', 'context.cut_off_utc') }}
    where not trainings.is_deleted
),

-- Who worked all the time that is compared, with the profile of the day of the training.
present as (
    select
        windows.training_id,
        windows.trained_on,
        windows.before_start,
        windows.after_end,
        reps.rep_id,
        min(rep_profiles.profile_id) as profile_id
    from windows
    cross join context
    inner join {{ ref('dim_reps') }} as reps
        on
            coalesce(reps.hire_date, cast('1900-01-01' as date)) <= windows.before_start
            and coalesce(reps.leave_date, cast('9999-12-31' as date)) >= windows.after_end
    inner join {{ ref('stg_canonical__rep_profiles') }} as rep_profiles
        on
            reps.rep_id = rep_profiles.rep_id
            and {{ known_at('rep_profiles', 'context.cut_off_utc') }}
            and windows.trained_on >= rep_profiles.valid_from
            and windows.trained_on < coalesce(rep_profiles.valid_to, cast('9999-12-31' as date))
            and not rep_profiles.is_deleted
    group by
        windows.training_id, windows.trained_on, windows.before_start, windows.after_end,
        reps.rep_id
),

trained as (
    select
        present.training_id,
        present.trained_on,
        present.rep_id,
        present.profile_id
    from present
    inner join trainings
        on
            present.training_id = trainings.training_id
            and present.trained_on = trainings.trained_on
            and present.rep_id = trainings.rep_id
),

-- Any training within the time makes a rep unfit to compare with.
taught as (
    select distinct
        present.training_id,
        present.trained_on,
        present.rep_id
    from present
    inner join trainings
        on
            present.rep_id = trainings.rep_id
            and trainings.trained_on >= present.before_start
            and trainings.trained_on < present.after_end
),

profiles as (
    select distinct
        training_id,
        trained_on,
        profile_id
    from trained
)

select
    training_id,
    trained_on,
    rep_id,
    profile_id,
    true as is_trained
from trained

union all

select
    present.training_id,
    present.trained_on,
    present.rep_id,
    present.profile_id,
    false as is_trained
from present
inner join profiles
    on
        present.training_id = profiles.training_id
        and present.trained_on = profiles.trained_on
        and present.profile_id = profiles.profile_id
left join taught
    on
        present.training_id = taught.training_id
        and present.trained_on = taught.trained_on
        and present.rep_id = taught.rep_id
where taught.rep_id is null
