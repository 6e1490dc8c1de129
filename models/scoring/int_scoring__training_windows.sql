with context as (
    select * from {{ ref('int_core__context') }}
),

sessions as (
    select distinct
        trainings.training_id,
        trainings.date as trained_on,
        {{ trunc_date('week', 'trainings.date') }} as trained_week,
        cast(parameters.training_weeks as integer) as weeks,
        cast(parameters.training_gap_weeks as integer) as gap_weeks
    from {{ ref('stg_canonical__training_events') }} as trainings
    inner join context on {{ known_at('trainings', 'context.cut_off_utc') }}
    inner join {{ ref('int_scoring__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
    where
        not trainings.is_deleted
        and trainings.date < context.as_of
        and trainings.date
        >= {{ add_months('context.as_of', '-12 * cast(parameters.training_years as integer)') }}
),

bounded as (
    select
        *,
        {{ add_days('trained_week', '-7 * weeks') }} as before_start,
        trained_week as before_end,
        {{ add_days('trained_week', '7 * gap_weeks') }} as after_start,
        {{ add_days('trained_week', '7 * (gap_weeks + weeks)') }} as after_end
    from sessions
)

select
    bounded.training_id,
    bounded.trained_on,
    bounded.weeks,
    bounded.before_start,
    bounded.before_end,
    bounded.after_start,
    bounded.after_end,
    context.as_of >= bounded.after_end as is_over
from bounded
cross join context
