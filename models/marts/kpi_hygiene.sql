with findings as (
    select * from {{ ref('int_scoring__profile_findings') }}

    union all

    select * from {{ ref('int_scoring__kpi_findings') }}
),

profiles as (
    select distinct
        profile_id,
        profile_name
    from {{ ref('int_scoring__profile_kpis') }}
),

worded as (
    select
        findings.finding_code,
        rules.rule_id,
        rules.severity,
        case when findings.kpi_id is null then 'profile' else 'kpi' end as subject_type,
        findings.profile_id,
        findings.kpi_id,
        cast(null as varchar) as budget_id,
        findings.found_count,
        findings.detail,
        findings.detail_sv,
        rules.text_en,
        rules.text_sv,
        rules.owner,
        coalesce(profiles.profile_name, '') as profile_name,
        coalesce(kpis.name_en || ' (' || kpis.kpi_id || ')', '') as kpi_name_en,
        coalesce(kpis.name_sv || ' (' || kpis.kpi_id || ')', '') as kpi_name_sv
    from findings
    left join {{ ref('kpi_hygiene_rules') }} as rules
        on findings.finding_code = rules.finding_code
    left join profiles on findings.profile_id = profiles.profile_id
    left join {{ ref('int_scoring__kpis') }} as kpis on findings.kpi_id = kpis.kpi_id
),

filled as (
    select
        finding_code,
        rule_id,
        severity,
        subject_type,
        profile_id,
        kpi_id,
        budget_id,
        found_count,
        replace(
            replace(
                replace(
                    replace(text_en, '{profile}', profile_name), '{kpi}', kpi_name_en
                ), '{count}', cast(found_count as varchar)
            ), '{detail}', coalesce(detail, '')
        ) as text_en,
        replace(
            replace(
                replace(
                    replace(text_sv, '{profile}', profile_name), '{kpi}', kpi_name_sv
                ), '{count}', cast(found_count as varchar)
            ), '{detail}', coalesce(detail_sv, '')
        ) as text_sv,
        owner
    from worded

    union all

    select
        finding_code,
        rule_id,
        severity,
        'budget' as subject_type,
        cast(null as varchar) as profile_id,
        cast(null as varchar) as kpi_id,
        budget_id,
        found_count,
        text_en,
        text_sv,
        owner
    from {{ ref('int_scoring__budget_findings') }}
)

select
    cast(
        {{ hash_key(['finding_code', 'profile_id', 'kpi_id', 'budget_id', 'text_en']) }}
        as varchar
    ) as finding_id,
    cast(rule_id as varchar) as rule_id,
    cast(finding_code as varchar) as finding_code,
    cast(severity as varchar) as severity,
    cast(subject_type as varchar) as subject_type,
    cast(coalesce(kpi_id, profile_id, budget_id) as varchar) as subject,
    cast(profile_id as varchar) as profile_id,
    cast(kpi_id as varchar) as kpi_id,
    cast(budget_id as varchar) as budget_id,
    found_count,
    cast(text_en as varchar) as text_en,
    cast(text_sv as varchar) as text_sv,
    cast(owner as varchar) as owner
from filled
