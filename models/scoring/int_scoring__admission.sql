{%- set role = '"?(rep|regional_manager|sales_manager)"?' -%}
{%- set roles = '\\[?\\s*' ~ role ~ '(\\s*[,;\\s]\\s*' ~ role ~ ')*\\s*\\]?' -%}
with context as (
    select * from {{ ref('int_core__context') }}
),

profile_kpis as (
    select * from {{ ref('int_scoring__profile_kpis') }}
),

kpis as (
    select
        *,
        {{ local_midnight_utc('period_start') }} as begins_at
    from {{ ref('int_scoring__kpis') }}
),

-- Check-points at which something can still be done, decided before the period began (G13).
checkpoints as (
    select
        kpis.kpi_id,
        count(*) as checkpoints
    from kpis
    cross join context
    inner join {{ ref('stg_canonical__checkpoints') }} as checkpoints
        on
            kpis.kpi_id = checkpoints.kpi_id
            and {{ known_at('checkpoints', 'context.cut_off_utc') }}
            and kpis.period_start < checkpoints.date
            and kpis.period_end > checkpoints.date
            and kpis.begins_at
            > coalesce(checkpoints.created_at, checkpoints.created_recorded_at)
    where not checkpoints.is_deleted
    group by kpis.kpi_id
),

-- Who is responsible for sale, delivery and satisfaction is measured on both (C20).
paired as (
    select
        profile_kpis.profile_id,
        max(case when kpis.measures = 'volume' then 1 else 0 end) = 1
        and max(case when kpis.measures = 'invoicing' then 1 else 0 end) = 1 as is_paired
    from profile_kpis
    inner join kpis on profile_kpis.kpi_id = kpis.kpi_id
    where kpis.kpi_status = 'active'
    group by profile_kpis.profile_id
),

judged as (
    select
        profile_kpis.profile_id,
        profile_kpis.kpi_id,
        case
            when kpis.action_if_met is null or kpis.action_if_not_met is null then 'H2'
            when
                kpis.kpi_owner is null
                or not coalesce({{ full_match('kpis.follower_roles', roles) }}, false)
                then 'H3'
            when coalesce(checkpoints.checkpoints, 0) < parameters.least_checkpoints then 'H5'
            when profile_kpis.profile_type = 'kam' and not coalesce(paired.is_paired, false)
                then 'H7'
            when
                kpis.kpi_status <> 'active'
                or kpis.conclusion_rule is null
                or kpis.plan_text is null
                or kpis.success_driver is null
                or kpis.expected_outcome is null
                or kpis.expected_recorded_at >= kpis.begins_at
                then 'H15'
        end as first_refusal
    from profile_kpis
    cross join context
    inner join {{ ref('int_scoring__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
    inner join kpis on profile_kpis.kpi_id = kpis.kpi_id
    left join checkpoints on profile_kpis.kpi_id = checkpoints.kpi_id
    left join paired on profile_kpis.profile_id = paired.profile_id
)

select
    profile_id,
    kpi_id,
    first_refusal is null as is_admitted,
    first_refusal
from judged
