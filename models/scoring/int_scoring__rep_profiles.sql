with context as (
    select * from {{ ref('int_core__context') }}
),

memberships as (
    select
        rep_profiles.rep_id,
        rep_profiles.profile_id,
        rep_profiles.valid_from,
        row_number() over (
            partition by rep_profiles.rep_id order by rep_profiles.valid_from desc
        ) as newest
    from {{ ref('stg_canonical__rep_profiles') }} as rep_profiles
    inner join context
        on
            {{ known_at('rep_profiles', 'context.cut_off_utc') }}
            and context.as_of >= rep_profiles.valid_from
            and context.as_of < coalesce(rep_profiles.valid_to, cast('9999-12-31' as date))
    where not rep_profiles.is_deleted
)

select
    memberships.rep_id,
    memberships.profile_id,
    memberships.valid_from,
    reps.team_id,
    reps.region_id
from memberships
inner join {{ ref('dim_reps') }} as reps
    on memberships.rep_id = reps.rep_id and reps.is_employed
where memberships.newest = 1
