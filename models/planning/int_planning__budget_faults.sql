with budgets as (
    select * from {{ ref('int_planning__budget_versions') }}
),

scopes as (
    select * from {{ ref('int_planning__budget_scopes') }}
),

scope_texts as (
    select
        budget_id,
        version,
        {{ agg_list("dimension || '=' || allowed_value", 'dimension, allowed_value', '; ') }}
            as scope_text
    from scopes
    group by budget_id, version
),

period_months as (
    select distinct
        budgets.budget_id,
        budgets.version,
        cast(extract(month from dates.month_start) as integer) as month_no
    from budgets
    inner join {{ ref('int_core__dates') }} as dates
        on budgets.period_start <= dates.date_day and budgets.period_end > dates.date_day
    where budgets.distribution_id is not null
),

-- What a distribution weighs in the months of the period.
distributions as (
    select
        distributions.budget_id,
        distributions.version,
        sum(distributions.weight) as weight,
        min(distributions.weight) as smallest_weight
    from {{ ref('int_planning__distributions') }} as distributions
    inner join period_months
        on
            distributions.budget_id = period_months.budget_id
            and distributions.version = period_months.version
            and distributions.month_no = period_months.month_no
    group by distributions.budget_id, distributions.version
),

-- Of two budgets that would give the same figure two targets, the one approved first stands.
scoped as (
    select
        budgets.budget_id,
        budgets.version,
        budgets.budget_type_id,
        budgets.period_start,
        budgets.period_end,
        budgets.decided_at,
        coalesce(scope_texts.scope_text, '') || '|' || coalesce(budgets.campaign_id, '')
            as scope_text
    from budgets
    left join scope_texts
        on
            budgets.budget_id = scope_texts.budget_id
            and budgets.version = scope_texts.version
),

first_versions as (
    select * from scoped
    where version = 1
),

overlapping as (
    select
        later.budget_id,
        later.version,
        min(earlier.budget_id) as earlier_budget_id
    from scoped as later
    inner join first_versions as earlier
        on
            later.budget_type_id = earlier.budget_type_id
            and later.scope_text = earlier.scope_text
            and later.budget_id <> earlier.budget_id
            and later.period_start < earlier.period_end
            and later.period_end > earlier.period_start
    inner join first_versions as own on later.budget_id = own.budget_id
    where
        own.decided_at > earlier.decided_at
        or (own.decided_at = earlier.decided_at and own.budget_id > earlier.budget_id)
    group by later.budget_id, later.version
),

faults as (
    select
        budget_id,
        version,
        'unknown_type' as rule_id,
        budget_type_id as detail
    from budgets
    where not is_known_type

    union all

    select
        budget_id,
        version,
        'empty_period' as rule_id,
        cast(period_start as varchar) as detail
    from budgets
    where period_start >= period_end

    union all

    select
        budget_id,
        version,
        'filters_unreadable' as rule_id,
        cast(null as varchar) as detail
    from budgets
    where not has_readable_filters

    union all

    select
        budget_id,
        version,
        'weights_unreadable' as rule_id,
        cast(null as varchar) as detail
    from budgets
    where not has_readable_weights

    union all

    select
        scopes.budget_id,
        scopes.version,
        'dimension_not_filled' as rule_id,
        scopes.dimension as detail
    from scopes
    inner join budgets
        on scopes.budget_id = budgets.budget_id and scopes.version = budgets.version
    where
        budgets.is_known_type
        and scopes.dimension <> 'team_id'
        and position(' ' || scopes.dimension || ' ' in ' ' || coalesce(budgets.fills, '') || ' ')
        = 0

    union all

    select
        budgets.budget_id,
        budgets.version,
        'dimension_required' as rule_id,
        budgets.requires as detail
    from budgets
    left join scopes
        on
            budgets.budget_id = scopes.budget_id
            and budgets.version = scopes.version
            and position(' ' || scopes.dimension || ' ' in ' ' || budgets.requires || ' ') > 0
    where budgets.requires is not null and scopes.budget_id is null

    union all

    select
        budget_id,
        version,
        'no_rate' as rule_id,
        cast(null as varchar) as detail
    from budgets
    where has_no_rate and has_target

    union all

    select
        budget_id,
        version,
        'no_target' as rule_id,
        cast(null as varchar) as detail
    from budgets
    where
        not has_target
        and not (
            mode = 'distribute'
            and linked_budget_id is not null
            and (
                channel in ('renewal', 'new')
                or {{ json_number('weight_json', "'result_per_unit'") }} > 0
            )
        )

    union all

    select
        budget_id,
        version,
        'negative_target' as rule_id,
        cast(own_target as varchar) as detail
    from budgets
    where own_target < 0 and mode = 'distribute'

    union all

    select
        budget_id,
        version,
        'negative_unit' as rule_id,
        cast(null as varchar) as detail
    from budgets
    where unit <= 0 or over_assignment < 0

    union all

    select
        budget_id,
        version,
        'not_divisible' as rule_id,
        budget_type_id as detail
    from budgets
    where mode = 'distribute' and is_divided

    union all

    select
        budgets.budget_id,
        budgets.version,
        'distribution_unknown' as rule_id,
        budgets.distribution_id as detail
    from budgets
    left join distributions
        on
            budgets.budget_id = distributions.budget_id
            and budgets.version = distributions.version
    where
        budgets.distribution_id is not null
        and (
            coalesce(distributions.weight, 0) <= 0 and budgets.distribution_id <> 'working_days'
            or coalesce(distributions.smallest_weight, 0) < 0
        )

    union all

    select
        budget_id,
        version,
        'no_measures_named' as rule_id,
        cast(null as varchar) as detail
    from budgets
    where
        mode = 'distribute'
        and allocation_method = 'composite'
        {%- for measure in planning_measures() %}
            and coalesce({{ json_number('weight_json', "'" ~ measure ~ "'") }}, 0) = 0
        {%- endfor %}

    union all

    select
        budgets.budget_id,
        budgets.version,
        'kind_changed' as rule_id,
        cast(null as varchar) as detail
    from budgets
    inner join budgets as original
        on budgets.budget_id = original.budget_id and original.version = 1
    where
        budgets.version > 1
        and (
            budgets.budget_type_id <> original.budget_type_id
            or budgets.mode <> original.mode
            or budgets.channel <> original.channel
        )

    union all

    select
        budget_id,
        version,
        'overlap' as rule_id,
        earlier_budget_id as detail
    from overlapping
)

select distinct
    budget_id,
    version,
    rule_id,
    cast(detail as varchar) as detail
from faults
