with profile_kpis as (
    select * from {{ ref('int_scoring__profile_kpis') }}
),

admission as (
    select * from {{ ref('int_scoring__admission') }}
    where is_admitted
)

select
    profile_kpis.kpi_id,
    rep_profiles.rep_id,
    profile_kpis.profile_id,
    rep_profiles.team_id,
    rep_profiles.region_id
from profile_kpis
inner join admission
    on
        profile_kpis.profile_id = admission.profile_id
        and profile_kpis.kpi_id = admission.kpi_id
inner join {{ ref('int_scoring__rep_profiles') }} as rep_profiles
    on profile_kpis.profile_id = rep_profiles.profile_id
