with context as (
    select * from {{ ref('int_core__context') }}
),

kpi_periods as (
    select
        kpi_periods.*,
        least({{ local_midnight_utc('kpi_periods.period_end') }}, context.cut_off_utc)
            as known_by
    from {{ ref('int_scoring__kpi_periods') }} as kpi_periods
    cross join context
),

profiles as (
    select profiles.*
    from {{ ref('stg_canonical__kpi_profiles') }} as profiles
    inner join context on {{ known_at('profiles', 'context.cut_off_utc') }}
    where not profiles.is_deleted
),

-- A key figure is in a profile in a period when that was known by its end.
placed as (
    select distinct
        profile_kpis.profile_id,
        kpi_periods.kpi_id,
        kpi_periods.period_type,
        kpi_periods.period_start,
        kpi_periods.period_end
    from kpi_periods
    inner join {{ ref('stg_canonical__profile_kpis') }} as profile_kpis
        on
            kpi_periods.kpi_id = profile_kpis.kpi_id
            and profile_kpis.valid_from < kpi_periods.period_end
            and {{ known_at('profile_kpis', 'kpi_periods.known_by') }}
            and not profile_kpis.is_deleted
    inner join profiles on profile_kpis.profile_id = profiles.profile_id
    cross join context
    where profile_kpis.valid_from <= context.as_of
),

compared as (
    select
        placed.profile_id,
        placed.kpi_id,
        placed.period_type,
        placed.period_start,
        placed.period_end,
        case when earlier.kpi_id is null then 'added' else 'kept' end as since_last_period
    from placed
    left join placed as earlier
        on
            placed.profile_id = earlier.profile_id
            and placed.kpi_id = earlier.kpi_id
            and placed.period_type = earlier.period_type
            and placed.period_start = earlier.period_end

    union all

    -- What is not there any more is told in the period that came after.
    select
        placed.profile_id,
        placed.kpi_id,
        placed.period_type,
        periods.period_start,
        periods.period_end,
        'dropped' as since_last_period
    from placed
    inner join {{ ref('int_core__periods') }} as periods
        on
            placed.period_type = periods.period_type
            and placed.period_end = periods.period_start
    left join placed as later
        on
            placed.profile_id = later.profile_id
            and placed.kpi_id = later.kpi_id
            and placed.period_type = later.period_type
            and placed.period_end = later.period_start
    where later.kpi_id is null
),

-- The words of a period are those of the version that held in it last.
answers as (
    select
        compared.profile_id,
        compared.kpi_id,
        compared.period_start,
        versions.budget_type_id,
        versions.budget_id,
        versions.success_driver,
        versions.conclusion_rule,
        versions.plan_text,
        versions.why_text,
        versions.action_if_met,
        versions.action_if_not_met,
        versions.follower_roles,
        versions.publish_surface,
        versions.cadence,
        versions.kpi_owner,
        versions.status,
        row_number() over (
            partition by compared.profile_id, compared.kpi_id, compared.period_start
            order by versions.valid_from desc
        ) as newest
    from compared
    cross join context
    inner join {{ ref('stg_canonical__kpis') }} as versions
        on
            compared.kpi_id = versions.kpi_id
            and {{ known_at('versions', 'context.cut_off_utc') }}
            and versions.valid_from < compared.period_end
),

actions as (
    select
        kpi_id,
        period_start,
        sum(case when has_action then 1 else 0 end) as actions
    from {{ ref('int_scoring__checkpoints') }}
    group by kpi_id, period_start
)

select
    compared.profile_id,
    coalesce(profiles.name, compared.profile_id) as profile_name,
    profiles.type as profile_type,
    compared.kpi_id,
    registry.name_en,
    registry.name_sv,
    answers.budget_type_id,
    answers.budget_id,
    compared.period_type,
    compared.period_start,
    compared.period_end,
    context.as_of >= compared.period_end as is_ended,
    compared.since_last_period,
    coalesce(answers.status, 'draft') as kpi_status,
    case
        when compared.since_last_period <> 'dropped' and context.as_of < compared.period_end
            then admission.is_admitted
    end as is_admitted,
    case
        when compared.since_last_period <> 'dropped' and context.as_of < compared.period_end
            then admission.first_refusal
    end as first_refusal,
    answers.success_driver,
    answers.conclusion_rule,
    answers.plan_text,
    answers.why_text,
    answers.action_if_met,
    answers.action_if_not_met,
    answers.follower_roles,
    answers.publish_surface,
    answers.cadence,
    answers.kpi_owner,
    kpi_periods.expected_outcome,
    kpi_periods.value as outcome,
    kpi_periods.target,
    kpi_periods.attainment,
    kpi_periods.is_met,
    kpi_periods.surprise,
    cast(coalesce(actions.actions, 0) as bigint) as actions
from compared
cross join context
inner join answers
    on
        compared.profile_id = answers.profile_id
        and compared.kpi_id = answers.kpi_id
        and compared.period_start = answers.period_start
        and answers.newest = 1
inner join {{ ref('budget_type_registry') }} as registry
    on answers.budget_type_id = registry.budget_type_id
inner join profiles on compared.profile_id = profiles.profile_id
left join kpi_periods
    on
        compared.since_last_period <> 'dropped'
        and compared.kpi_id = kpi_periods.kpi_id
        and compared.period_start = kpi_periods.period_start
left join {{ ref('int_scoring__admission') }} as admission
    on
        compared.profile_id = admission.profile_id
        and compared.kpi_id = admission.kpi_id
left join actions
    on
        compared.kpi_id = actions.kpi_id
        and compared.period_start = actions.period_start
