with context as (
    select * from {{ ref('int_core__context') }}
),

budgets as (
    select budgets.*
    from {{ ref('int_planning__budget_list') }} as budgets
    inner join context on budgets.period_end > context.as_of
),

plan_rules as (
    select * from {{ ref('kpi_hygiene_plan_rules') }}
),

-- What planning found, one row for a budget and rule however many reps it is true of.
planned as (
    select
        budget_id,
        rule_id as planning_rule_id,
        count(*) as found_count,
        min(text_en) as text_en,
        min(text_sv) as text_sv,
        min(owner) as owner
    from {{ ref('int_planning__findings') }}
    group by budget_id, rule_id
),

sums as (
    select
        targets.budget_id,
        sum(case when targets.node_level = 'rep' then targets.target else 0 end) as divided,
        sum(case when targets.node_level = 'company' then targets.target else 0 end) as wanted
    from {{ ref('int_planning__targets') }} as targets
    inner join budgets on targets.budget_id = budgets.budget_id
    where targets.target_mode = 'distribute'
    group by targets.budget_id
),

found as (
    select
        'plan_' || planned.planning_rule_id as finding_code,
        plan_rules.rule_id,
        plan_rules.severity,
        planned.budget_id,
        planned.found_count,
        case
            when planned.found_count = 1 then planned.text_en
            else coalesce(plan_rules.text_many_en, planned.text_en)
        end as text_en,
        case
            when planned.found_count = 1 then planned.text_sv
            else coalesce(plan_rules.text_many_sv, planned.text_sv)
        end as text_sv,
        planned.owner,
        cast(null as varchar) as detail
    from planned
    left join plan_rules on planned.planning_rule_id = plan_rules.planning_rule_id

    union all

    select
        rules.finding_code,
        rules.rule_id,
        rules.severity,
        sums.budget_id,
        1 as found_count,
        rules.text_en,
        rules.text_sv,
        rules.owner,
        cast(cast(sums.wanted - sums.divided as decimal(28, 4)) as varchar) as detail
    from sums
    inner join {{ ref('kpi_hygiene_rules') }} as rules on rules.finding_code = 'H8_sum'
    where sums.divided < sums.wanted
)

select
    found.finding_code,
    found.rule_id,
    found.severity,
    found.budget_id,
    cast(found.found_count as integer) as found_count,
    replace(
        replace(
            replace(found.text_en, '{budget}', coalesce(budget_list.name, found.budget_id)),
            '{count}', cast(found.found_count as varchar)
        ), '{detail}', coalesce(found.detail, '')
    ) as text_en,
    replace(
        replace(
            replace(found.text_sv, '{budget}', coalesce(budget_list.name, found.budget_id)),
            '{count}', cast(found.found_count as varchar)
        ), '{detail}', coalesce(found.detail, '')
    ) as text_sv,
    found.owner
from found
cross join context
left join {{ ref('int_planning__budget_list') }} as budget_list
    on found.budget_id = budget_list.budget_id
where coalesce(budget_list.period_end > context.as_of, true)
