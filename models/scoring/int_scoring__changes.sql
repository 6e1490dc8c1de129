{%- set kpi_attributes = [
    ('budget_type_id', 'definition'), ('budget_id', 'target'), ('parameters', 'definition'),
    ('filters', 'definition'), ('target', 'target'), ('target_low', 'target'),
    ('sales_period', 'definition'), ('status', 'definition'), ('expected_outcome', 'target'),
    ('reward_threshold', 'threshold'),
] -%}
{%- set parameter_seeds = ['core_parameters', 'planning_parameters', 'scoring_parameters'] -%}
with context as (
    select * from {{ ref('int_core__context') }}
),

-- Versions one after the other: those that hold later, and what was written later of the same day.
kpi_versions as (
    select
        kpis.kpi_id,
        kpis.valid_from,
        kpis.known_from,
        {%- for attribute, kind in kpi_attributes %}
            cast(kpis.{{ attribute }} as varchar) as {{ attribute }},
            lag(cast(kpis.{{ attribute }} as varchar)) over (
                partition by kpis.kpi_id order by kpis.valid_from, kpis.known_from
            ) as earlier_{{ attribute }},
        {%- endfor %}
        lag(kpis.kpi_id) over (
            partition by kpis.kpi_id order by kpis.valid_from, kpis.known_from
        ) as earlier_kpi_id
    from {{ ref('stg_canonical__kpis') }} as kpis
    inner join context on kpis.known_from < context.cut_off_utc
    where not kpis.is_deleted
),

weight_versions as (
    select
        profile_kpis.profile_id,
        profile_kpis.kpi_id,
        profile_kpis.valid_from,
        profile_kpis.known_from,
        cast(profile_kpis.weight as varchar) as weight,
        cast(profile_kpis.cap as varchar) as cap,
        lag(cast(profile_kpis.weight as varchar)) over (
            partition by profile_kpis.profile_id, profile_kpis.kpi_id
            order by profile_kpis.valid_from, profile_kpis.known_from
        ) as earlier_weight,
        lag(cast(profile_kpis.cap as varchar)) over (
            partition by profile_kpis.profile_id, profile_kpis.kpi_id
            order by profile_kpis.valid_from, profile_kpis.known_from
        ) as earlier_cap,
        lag(profile_kpis.kpi_id) over (
            partition by profile_kpis.profile_id, profile_kpis.kpi_id
            order by profile_kpis.valid_from, profile_kpis.known_from
        ) as earlier_kpi_id,
        min(profile_kpis.valid_from) over (partition by profile_kpis.profile_id)
            as profile_from
    from {{ ref('stg_canonical__profile_kpis') }} as profile_kpis
    inner join context on profile_kpis.known_from < context.cut_off_utc
    where not profile_kpis.is_deleted
),

membership_versions as (
    select
        rep_profiles.rep_id,
        rep_profiles.valid_from,
        rep_profiles.known_from,
        rep_profiles.profile_id,
        lag(rep_profiles.profile_id) over (
            partition by rep_profiles.rep_id
            order by rep_profiles.valid_from, rep_profiles.known_from
        ) as earlier_profile_id
    from {{ ref('stg_canonical__rep_profiles') }} as rep_profiles
    inner join context on rep_profiles.known_from < context.cut_off_utc
    where not rep_profiles.is_deleted
),

budget_versions as (
    select
        budget_id,
        valid_from,
        decided_at,
        version,
        cast(own_target as varchar) as own_target,
        lag(cast(own_target as varchar)) over (partition by budget_id order by version)
            as earlier_target,
        lag(version) over (partition by budget_id order by version) as earlier_version
    from {{ ref('int_planning__budget_versions') }}
    where status in ('approved', 'locked')
),

-- Targets set by hand: the months that a version of them changes, together.
hand_targets as (
    select
        budget_targets.*,
        lag(budget_targets.target) over (
            partition by
                budget_targets.budget_id, budget_targets.node_type, budget_targets.node_id,
                budget_targets.channel, budget_targets.month
            order by budget_targets.version
        ) as earlier_target
    from {{ ref('stg_canonical__budget_targets') }} as budget_targets
    inner join context on {{ known_at('budget_targets', 'context.cut_off_utc') }}
    where not budget_targets.is_deleted
),

thresholds as (
    {%- for seed in parameter_seeds %}
        select
            '{{ seed }}' as seed,
            parameter_id,
            valid_from,
            cast(value as varchar) as value,
            lag(cast(value as varchar)) over (partition by parameter_id order by valid_from)
                as earlier_value,
            reason
        from {{ ref(seed) }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

type_parameters as (
    select
        budget_type_id,
        parameter_set_id,
        parameter,
        valid_from,
        cast(value as varchar) as value,
        lag(cast(value as varchar)) over (
            partition by budget_type_id, parameter_set_id, parameter order by valid_from
        ) as earlier_value,
        reason
    from {{ ref('budget_type_parameters') }}
),

changes as (
    {%- for attribute, kind in kpi_attributes %}
        select
            '{{ kind }}' as change_type,
            'kpi' as subject_type,
            kpi_id as subject_id,
            cast(null as varchar) as rep_id,
            '{{ attribute }}' as changed_column,
            earlier_{{ attribute }} as old_value,
            {{ attribute }} as new_value,
            valid_from,
            known_from as recorded_at,
            cast(null as varchar) as changed_by,
            cast(null as varchar) as reason
        from kpi_versions
        where
            earlier_kpi_id is not null
            and {{ attribute }} is distinct from earlier_{{ attribute }}

        union all
    {% endfor %}

    {%- for attribute in ['weight', 'cap'] %}
        select
            'weight' as change_type,
            'profile' as subject_type,
            profile_id || '/' || kpi_id as subject_id,
            cast(null as varchar) as rep_id,
            '{{ attribute }}' as changed_column,
            earlier_{{ attribute }} as old_value,
            {{ attribute }} as new_value,
            valid_from,
            known_from as recorded_at,
            cast(null as varchar) as changed_by,
            cast(null as varchar) as reason
        from weight_versions
        where
            (earlier_kpi_id is not null or valid_from > profile_from)
            and {{ attribute }} is distinct from earlier_{{ attribute }}

        union all
    {% endfor %}

    select
        'profile' as change_type,
        'rep' as subject_type,
        rep_id as subject_id,
        rep_id,
        'profile_id' as changed_column,
        earlier_profile_id as old_value,
        profile_id as new_value,
        valid_from,
        known_from as recorded_at,
        cast(null as varchar) as changed_by,
        cast(null as varchar) as reason
    from membership_versions
    where earlier_profile_id <> profile_id

    union all

    select
        'target' as change_type,
        'budget' as subject_type,
        budget_id as subject_id,
        cast(null as varchar) as rep_id,
        'company_target' as changed_column,
        earlier_target as old_value,
        own_target as new_value,
        valid_from,
        decided_at as recorded_at,
        cast(null as varchar) as changed_by,
        cast(null as varchar) as reason
    from budget_versions
    where earlier_version is not null and own_target is distinct from earlier_target

    union all

    select
        'target' as change_type,
        'budget' as subject_type,
        budget_id as subject_id,
        case when node_type = 'rep' then node_id end as rep_id,
        'target of ' || node_type || ' ' || node_id as changed_column,
        cast(sum(earlier_target) as varchar) as old_value,
        cast(sum(target) as varchar) as new_value,
        valid_from,
        min(created_recorded_at) as recorded_at,
        max(changed_by) as changed_by,
        max(reason) as reason
    from hand_targets
    where earlier_target is not null and target is distinct from earlier_target
    group by budget_id, node_type, node_id, version, valid_from

    union all

    select
        'threshold' as change_type,
        seed as subject_type,
        parameter_id as subject_id,
        cast(null as varchar) as rep_id,
        'value' as changed_column,
        earlier_value as old_value,
        value as new_value,
        valid_from,
        cast(null as timestamp) as recorded_at,
        cast(null as varchar) as changed_by,
        reason
    from thresholds
    where earlier_value is not null

    union all

    select
        'definition' as change_type,
        'budget_type' as subject_type,
        budget_type_id as subject_id,
        cast(null as varchar) as rep_id,
        parameter_set_id || '.' || parameter as changed_column,
        earlier_value as old_value,
        value as new_value,
        valid_from,
        cast(null as timestamp) as recorded_at,
        cast(null as varchar) as changed_by,
        reason
    from type_parameters
    where earlier_value is not null
)

select
    {{ hash_key([
        'change_type', 'subject_type', 'subject_id', 'rep_id', 'changed_column', 'old_value',
        'new_value', 'valid_from', 'recorded_at',
    ]) }} as change_id,
    change_type,
    subject_type,
    subject_id,
    rep_id,
    changed_column,
    old_value,
    new_value,
    valid_from,
    recorded_at,
    changed_by,
    reason
from changes
