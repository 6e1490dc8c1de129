{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with assignments as (
    select
        rep_id,
        team_id,
        valid_from,
        known_from,
        known_to
    from {{ ref('stg_canonical__rep_team_assignments') }}
    where not is_deleted
),

months as (
    select
        month_start as booking_month,
        knowledge_at
    from {{ ref('int_core__booking_months') }}
    where {{ is_rebuilt('month_start') }}
),

team_intervals as (
    select
        months.booking_month,
        months.knowledge_at,
        assignments.rep_id,
        assignments.team_id,
        assignments.valid_from,
        -- A membership holds until the next one begins, also over a gap between the two.
        coalesce(
            lead(assignments.valid_from) over (
                partition by months.booking_month, assignments.rep_id
                order by assignments.valid_from
            ),
            cast('9999-12-31' as date)
        ) as valid_to
    from months
    inner join assignments on {{ known_at('assignments', 'months.knowledge_at') }}
),

region_versions as (
    select
        months.booking_month,
        team_regions.team_id,
        team_regions.region_id,
        -- The first known region of a team also holds for the time before it was noted.
        case
            when row_number() over (
                partition by months.booking_month, team_regions.team_id
                order by team_regions.valid_from
            ) = 1 then cast('1900-01-01' as date)
            else team_regions.valid_from
        end as valid_from,
        coalesce(
            lead(team_regions.valid_from) over (
                partition by months.booking_month, team_regions.team_id
                order by team_regions.valid_from
            ),
            cast('9999-12-31' as date)
        ) as valid_to
    from months
    inner join {{ ref('stg_canonical__team_regions') }} as team_regions
        on {{ known_at('team_regions', 'months.knowledge_at') }}
    where not team_regions.is_deleted
),

teams as (
    select
        months.booking_month,
        teams.team_id,
        teams.region_id
    from months
    inner join {{ ref('stg_canonical__teams') }} as teams
        on {{ known_at('teams', 'months.knowledge_at') }}
    where not teams.is_deleted
),

split_by_region as (
    select
        team_intervals.booking_month,
        team_intervals.rep_id,
        team_intervals.team_id,
        coalesce(region_versions.region_id, teams.region_id, 'unassigned') as region_id,
        greatest(
            team_intervals.valid_from,
            coalesce(region_versions.valid_from, team_intervals.valid_from)
        ) as valid_from,
        least(
            team_intervals.valid_to,
            coalesce(region_versions.valid_to, team_intervals.valid_to)
        ) as valid_to
    from team_intervals
    left join region_versions
        on
            team_intervals.booking_month = region_versions.booking_month
            and team_intervals.team_id = region_versions.team_id
            and team_intervals.valid_to > region_versions.valid_from
            and team_intervals.valid_from < region_versions.valid_to
    left join teams
        on
            team_intervals.booking_month = teams.booking_month
            and team_intervals.team_id = teams.team_id
)

select
    booking_month,
    rep_id,
    team_id,
    region_id,
    valid_from,
    valid_to
from split_by_region
