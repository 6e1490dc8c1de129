{#- Steps from a result back to the first activity: calls, bookings, meetings, opportunities. -#}
{%- set conversion_steps = 6 -%}
with budgets as (
    select * from {{ ref('int_planning__budgets') }}
),

due as (
    select
        budget_id,
        version,
        count(*) as due_lines,
        count(expected_value) as expected_lines,
        sum(expected_value) as expected_value
    from {{ ref('int_planning__renewals_due') }}
    group by budget_id, version
),

-- Renewals are what falls due times the rate expected, to the nearest unit.
first_targets as (
    select
        budgets.budget_id,
        budgets.version,
        budgets.is_plan,
        budgets.channel,
        budgets.has_target,
        budgets.measures,
        budgets.type_unit,
        budgets.period_start,
        budgets.period_end,
        budgets.linked_budget_id,
        budgets.unit,
        budgets.over_assignment,
        case
            when budgets.has_target then 'given'
            when {{ json_number('budgets.weight_json', "'result_per_unit'") }} > 0 then 'derived'
            when budgets.channel = 'renewal' then 'renewals_due'
            else 'rest'
        end as target_source,
        budgets.weight_json,
        case
            when budgets.has_target then cast(budgets.own_target as decimal(28, 4))
            when
                budgets.channel = 'renewal'
                and {{ json_number('budgets.weight_json', "'result_per_unit'") }} is null
                -- A part of what falls due is no target that others could be worked out from.
                and due.expected_lines = due.due_lines
                then cast(
                    {{ floor_div(
                        in_parts('due.expected_value', 4) ~ ' * 2 + '
                        ~ in_parts('budgets.unit', 4),
                        in_parts('budgets.unit', 4) ~ ' * 2'
                    ) }} * budgets.unit as decimal(28, 4)
                )
        end as target,
        coalesce(due.due_lines, 0) as due_lines,
        coalesce(due.expected_lines, 0) as expected_lines
    from budgets
    left join due
        on budgets.budget_id = due.budget_id and budgets.version = due.version
),

plans as (
    select * from first_targets
    where is_plan
),

-- The company's volume and the three channels that are planned before new business.
siblings as (
    select
        linked_budget_id,
        measures,
        sum(target) as target,
        sum(case when target is null then 1 else 0 end) as without_target
    from plans
    where channel in ('renewal', 'upsell', 'win_back')
    group by linked_budget_id, measures
),

-- An activity target that follows from a result: as many as it takes at so much each, and through
-- the shares of those that get from one step to the next. What is begun counts whole at every step.
activities as (
    select
        first_targets.budget_id,
        first_targets.version,
        {{ round_up_ratio(
            'results.target',
            json_number('first_targets.weight_json', "'result_per_unit'"),
        ) }} as step_0,
    {%- for step in range(conversion_steps) %}
        cast(
            {{ json_list_item('first_targets.weight_json', "'conversions'", step) }}
            as decimal(18, 10)
        ) as conversion_{{ step + 1 }}{{ "," if not loop.last }}  -- noqa: LT02
    {%- endfor %}
    from first_targets
    inner join plans as results on first_targets.linked_budget_id = results.budget_id
    where first_targets.target_source = 'derived'
),
{%- for step in range(1, conversion_steps + 1) %}

    activity_steps_{{ step }} as (
        select
            *,
            case
                when conversion_{{ step }} is null then step_{{ step - 1 }}
                else {{ round_up_ratio('step_' ~ (step - 1), 'conversion_' ~ step) }}
            end as step_{{ step }}
        from {{ 'activities' if step == 1 else 'activity_steps_' ~ (step - 1) }}
    ),
{%- endfor %}

resolved as (
    select
        first_targets.*,
        parents.budget_id as parent_budget_id,
        parents.target as parent_target,
        case
            when first_targets.target_source = 'rest'
                then cast(parents.target - coalesce(siblings.target, 0) as decimal(28, 4))
            when first_targets.target_source = 'derived'
                then cast(derived.step_{{ conversion_steps }} as decimal(28, 4))
            else cast(first_targets.target as decimal(28, 4))
        end as company_target,
        coalesce(siblings.without_target, 0) as unknown_siblings
    from first_targets
    left join plans as parents
        on
            first_targets.linked_budget_id = parents.budget_id
            and first_targets.measures = parents.measures
            and first_targets.type_unit = parents.type_unit
            and parents.channel = 'all'
            and first_targets.channel <> 'all'
    left join siblings
        on
            first_targets.linked_budget_id = siblings.linked_budget_id
            and first_targets.measures = siblings.measures
    left join activity_steps_{{ conversion_steps }} as derived
        on
            first_targets.budget_id = derived.budget_id
            and first_targets.version = derived.version
),

final as (
    select
        *,
        case
            when target_source = 'renewals_due' and due_lines = 0 then 'nothing_due'
            when target_source = 'renewals_due' and expected_lines < due_lines
                then 'no_renewal_rate'
            when target_source = 'derived' and company_target is null then 'nothing_to_derive_from'
            when target_source = 'rest' and parent_budget_id is null then 'no_company_plan'
            when target_source = 'rest' and unknown_siblings > 0 then 'channel_without_target'
            when target_source = 'rest' and company_target < 0 then 'negative_rest'
        end as rule_id
    from resolved
)

select
    budget_id,
    version,
    is_plan,
    channel,
    target_source,
    parent_budget_id,
    cast(parent_target as decimal(28, 4)) as parent_target,
    cast(case when rule_id is null then company_target end as decimal(28, 4)) as company_target,
    -- What is divided on the reps: the target and the over-assignment, up to a whole unit.
    cast(
        case
            when rule_id is null
                then {{ floor_div(
                    in_parts('company_target', 4) ~ ' * ' ~ in_parts('1 + over_assignment', 10)
                    ~ ' + ' ~ in_parts('unit', 4) ~ ' * 10000000000 - 1',
                    in_parts('unit', 4) ~ ' * 10000000000'
                ) }} * unit
        end as decimal(28, 4)
    ) as pool_amount,
    cast(company_target as decimal(28, 4)) as worked_out_target,
    rule_id
from final
