with context as (
    select * from {{ ref('int_core__context') }}
),

placed as (
    select
        profile_kpis.*,
        row_number() over (
            partition by profile_kpis.profile_id, profile_kpis.kpi_id
            order by profile_kpis.valid_from desc
        ) as newest
    from {{ ref('stg_canonical__profile_kpis') }} as profile_kpis
    inner join context
        on
            {{ known_at('profile_kpis', 'context.cut_off_utc') }}
            and context.as_of >= profile_kpis.valid_from
    where not profile_kpis.is_deleted
),

profiles as (
    select profiles.*
    from {{ ref('stg_canonical__kpi_profiles') }} as profiles
    inner join context on {{ known_at('profiles', 'context.cut_off_utc') }}
    where not profiles.is_deleted
),

parameters as (
    select parameters.default_cap
    from {{ ref('int_scoring__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
)

select
    profiles.profile_id,
    coalesce(profiles.name, profiles.profile_id) as profile_name,
    profiles.type as profile_type,
    placed.kpi_id,
    placed.valid_from,
    cast(coalesce(placed.weight, 0) as decimal(18, 10)) as weight,
    cast(coalesce(placed.cap, parameters.default_cap) as decimal(18, 10)) as cap,
    placed.position
from placed
cross join parameters
inner join profiles on placed.profile_id = profiles.profile_id
inner join {{ ref('int_scoring__kpis') }} as kpis on placed.kpi_id = kpis.kpi_id
where placed.newest = 1
