with context as (
    select * from {{ ref('int_core__context') }}
),

parameters as (
    select parameters.*
    from {{ ref('int_scoring__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

type_rules as (
    select * from {{ ref('profile_type_rules') }}
),

-- What a profile measures; what kind of figure it is matters, not how high the target is.
profile_kpis as (
    select
        profile_kpis.profile_id,
        profile_kpis.profile_type,
        profile_kpis.kpi_id,
        kpis.budget_type_id,
        kpis.measures,
        kpis.family,
        kpis.name_en || ' (' || kpis.kpi_id || ')' as kpi_text,
        kpis.name_sv || ' (' || kpis.kpi_id || ')' as kpi_text_sv
    from {{ ref('int_scoring__profile_kpis') }} as profile_kpis
    inner join {{ ref('int_scoring__kpis') }} as kpis on profile_kpis.kpi_id = kpis.kpi_id
),

profiles as (
    select
        profile_id,
        profile_type,
        count(*) as kpis,
        sum(case when measures in ('activity', 'quality') then 1 else 0 end) as soft_kpis,
        sum(case when measures in ('volume', 'invoicing', 'order', 'margin') then 1 else 0 end)
            as results,
        sum(case when family = 'K' and measures = 'quality' then 1 else 0 end) as satisfaction
    from profile_kpis
    group by profile_id, profile_type
),

company_targets as (
    select
        kpi_id,
        period_type,
        target
    from {{ ref('int_scoring__kpi_periods') }}
    where not is_ended and periods_back = 1 and not is_limited
),

related as (
    select
        relations.relation,
        quotients.profile_id,
        quotients.kpi_id,
        seconds.kpi_text,
        seconds.kpi_text_sv,
        own.target as own_target,
        {{ ratio('first_targets.target', 'second_targets.target', 4, decimals=4) }}
            as expected_target
    from {{ ref('kpi_type_relations') }} as relations
    inner join profile_kpis as quotients on relations.budget_type_id = quotients.budget_type_id
    inner join profile_kpis as firsts
        on
            relations.first_type_id = firsts.budget_type_id
            and quotients.profile_id = firsts.profile_id
    left join profile_kpis as thirds
        on
            relations.second_type_id = thirds.budget_type_id
            and quotients.profile_id = thirds.profile_id
    inner join profile_kpis as seconds
        on
            seconds.profile_id = quotients.profile_id
            and seconds.kpi_id = coalesce(thirds.kpi_id, firsts.kpi_id)
    left join company_targets as own on quotients.kpi_id = own.kpi_id
    left join company_targets as first_targets on firsts.kpi_id = first_targets.kpi_id
    left join company_targets as second_targets
        on
            thirds.kpi_id = second_targets.kpi_id
            and first_targets.period_type = second_targets.period_type
),

found as (
    select
        case
            when profiles.kpis >= parameters.demotivating_kpis then 'H1_demotivating'
            when profiles.kpis >= parameters.too_many_kpis then 'H1_too_many'
            when profiles.kpis >= parameters.many_kpis then 'H1_many'
            else 'H1_few'
        end as finding_code,
        profiles.profile_id,
        cast(null as varchar) as kpi_id,
        profiles.kpis as found_count,
        cast(null as varchar) as detail,
        cast(null as varchar) as detail_sv
    from profiles
    cross join parameters
    where profiles.kpis < parameters.few_kpis or profiles.kpis >= parameters.many_kpis

    union all

    select
        first_refusal as finding_code,
        profile_id,
        kpi_id,
        1 as found_count,
        cast(null as varchar) as detail,
        cast(null as varchar) as detail_sv
    from {{ ref('int_scoring__admission') }}
    where not is_admitted

    union all

    select
        case when profiles.soft_kpis = profiles.kpis then 'H4_activity_only' else 'H4_no_result' end
            as finding_code,
        profiles.profile_id,
        cast(null as varchar) as kpi_id,
        profiles.kpis as found_count,
        cast(null as varchar) as detail,
        cast(null as varchar) as detail_sv
    from profiles
    inner join type_rules on profiles.profile_type = type_rules.profile_type
    where
        type_rules.needs_result
        and (
            profiles.soft_kpis = profiles.kpis
            or (type_rules.is_seller and profiles.results = 0)
        )

    union all

    select
        'H7_satisfaction' as finding_code,
        profiles.profile_id,
        cast(null as varchar) as kpi_id,
        profiles.kpis as found_count,
        cast(null as varchar) as detail,
        cast(null as varchar) as detail_sv
    from profiles
    inner join type_rules
        on profiles.profile_type = type_rules.profile_type and type_rules.needs_satisfaction
    where profiles.satisfaction = 0

    union all

    select
        'H11_quotient' as finding_code,
        related.profile_id,
        related.kpi_id,
        1 as found_count,
        cast(related.expected_target as varchar) as detail,
        cast(related.expected_target as varchar) as detail_sv
    from related
    cross join parameters
    where
        related.relation = 'quotient'
        and abs(related.own_target - related.expected_target)
        > {{ money_mul('related.expected_target', 'parameters.quotient_tolerance') }}

    union all

    select
        'H11_same_thing' as finding_code,
        profile_id,
        kpi_id,
        1 as found_count,
        kpi_text as detail,
        kpi_text_sv as detail_sv
    from related
    where relation = 'same_thing'
)

select
    finding_code,
    profile_id,
    kpi_id,
    cast(found_count as integer) as found_count,
    detail,
    detail_sv
from found
