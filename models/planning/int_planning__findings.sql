with context as (
    select * from {{ ref('int_core__context') }}
),

versions as (
    select * from {{ ref('int_planning__budget_versions') }}
),

plans as (
    select * from {{ ref('int_planning__budgets') }}
    where is_plan
),

parameters as (
    select * from {{ ref('int_planning__parameters') }}
),

planned as (
    -- What is only worth a look is not said any more when the period is over.
    select
        plans.*,
        parameters.over_assignment_warning,
        parameters.stretch_spread_warning,
        parameters.attainable_growth,
        parameters.attainable_share,
        parameters.minimum_margin_per_rep_month,
        parameters.consistency_tolerance
    from plans
    inner join parameters
        on
            plans.period_start >= parameters.valid_from
            and plans.period_start < parameters.valid_to
    inner join context on plans.period_end > context.as_of
),

company_targets as (
    select
        targets.*,
        plans.name
    from {{ ref('int_planning__company_targets') }} as targets
    inner join plans
        on targets.budget_id = plans.budget_id and targets.version = plans.version
),

pools as (
    select * from {{ ref('int_planning__pool_checks') }}
),

allocation as (
    select * from {{ ref('int_planning__allocation') }}
),

hand_targets as (
    select * from {{ ref('int_planning__hand_targets') }}
    where is_of_plan
),

minimum_budgets as (
    select
        planned.budget_id,
        planned.version,
        sum({{ money_mul(
            'planned.minimum_margin_per_rep_month',
            money_mul('phases.present_share', 'phases.fte'),
        ) }}) as amount
    from planned
    inner join {{ ref('int_planning__rep_phases') }} as phases
        on planned.budget_id = phases.budget_id and planned.version = phases.version
    where
        planned.mode = 'distribute'
        and planned.measures = 'margin'
        and planned.type_unit = 'currency'
    group by planned.budget_id, planned.version
),


rep_month_counts as (
    select
        phases.budget_id,
        phases.rep_id,
        count(*) as months
    from {{ ref('int_planning__rep_phases') }} as phases
    inner join plans
        on phases.budget_id = plans.budget_id and phases.version = plans.version
    group by phases.budget_id, phases.rep_id
),

hand_set_reps as (
    select
        hand_targets.budget_id,
        hand_targets.node_id,
        max(rep_month_counts.months) as months,
        sum(case when hand_targets.is_locked then 1 else 0 end) as locked_months
    from hand_targets
    inner join plans
        on hand_targets.budget_id = plans.budget_id and plans.mode = 'distribute'
    inner join planned on hand_targets.budget_id = planned.budget_id
    left join rep_month_counts
        on
            hand_targets.budget_id = rep_month_counts.budget_id
            and hand_targets.node_id = rep_month_counts.rep_id
    where hand_targets.is_of_channel and hand_targets.node_type = 'rep'
    group by hand_targets.budget_id, hand_targets.node_id
),

channel_sums as (
    select
        parent_budget_id,
        sum(company_target) as company_target,
        count(distinct channel) as channels
    from company_targets
    where parent_budget_id is not null
    group by parent_budget_id
),

stretches as (
    select
        budget_id,
        min(stretch) as smallest,
        max(stretch) as largest
    from allocation
    where stretch > 0
    group by budget_id
),

-- What nine of ten earlier periods of a rep were at or below.
histories as (
    select
        outcomes.budget_id,
        outcomes.rep_id,
        outcomes.prior_outcome,
        row_number() over (
            partition by outcomes.budget_id, outcomes.rep_id
            order by outcomes.prior_outcome, outcomes.years_back
        ) as place,
        count(*) over (partition by outcomes.budget_id, outcomes.rep_id) as periods
    from {{ ref('int_planning__prior_outcomes') }} as outcomes
    inner join plans
        on outcomes.budget_id = plans.budget_id and outcomes.version = plans.version
    where outcomes.is_complete
),

likely as (
    select
        histories.budget_id,
        histories.rep_id,
        min(histories.prior_outcome) as prior_outcome
    from histories
    inner join planned on histories.budget_id = planned.budget_id
    where histories.place >= histories.periods * planned.attainable_share
    group by histories.budget_id, histories.rep_id
),

-- A target per activity hangs together with the result and the activities it is made of: the result
-- budget that it is linked to, and the activity budget that one is linked to.
consistencies as (
    select
        planned.budget_id,
        planned.own_target,
        planned.consistency_tolerance,
        {{ ratio('results.company_target', 'activities.company_target', 4, decimals=4) }}
            as expected_target
    from planned
    inner join company_targets as results on planned.linked_budget_id = results.budget_id
    inner join plans as result_plans on results.budget_id = result_plans.budget_id
    inner join company_targets as activities
        on result_plans.linked_budget_id = activities.budget_id
    where
        planned.mode = 'same_level'
        and planned.type_unit like '%/%'
        and planned.measures = result_plans.measures
),

found as (
    select
        faults.budget_id,
        faults.rule_id,
        faults.budget_id as subject,
        faults.detail
    from {{ ref('int_planning__budget_faults') }} as faults

    union all

    select
        budget_id,
        rule_id,
        budget_id as subject,
        cast(worked_out_target as varchar) as detail
    from company_targets
    where rule_id is not null

    union all

    select
        pool_id as budget_id,
        rule_id,
        pool_id as subject,
        cast(abs(free_amount) as varchar) as detail
    from pools
    where rule_id is not null

    union all

    select
        pools.pool_id as budget_id,
        'weights_missing' as rule_id,
        pools.pool_id as subject,
        cast(null as varchar) as detail
    from pools
    inner join planned on pools.pool_id = planned.budget_id
    where pools.rule_id is null and (pools.has_no_weight or pools.is_equal)

    union all

    select distinct
        budget_id,
        'change_refused' as rule_id,
        cast(month_start as varchar) as subject,
        cast(month_start as varchar) as detail
    from {{ ref('int_planning__month_shares') }}
    where is_refused

    union all

    select
        budget_id,
        'over_assignment_high' as rule_id,
        budget_id as subject,
        cast(cast(over_assignment as decimal(18, 4)) as varchar) as detail
    from planned
    where mode = 'distribute' and over_assignment > over_assignment_warning

    union all

    select
        minimum_budgets.budget_id,
        'below_minimum_budgets' as rule_id,
        minimum_budgets.budget_id as subject,
        cast(cast(minimum_budgets.amount as decimal(28, 4)) as varchar) as detail
    from minimum_budgets
    inner join pools on minimum_budgets.budget_id = pools.pool_id
    where minimum_budgets.amount > pools.amount

    union all

    select
        budget_id,
        case when months is null then 'set_for_nobody' else 'some_months_locked' end as rule_id,
        node_id as subject,
        node_id as detail
    from hand_set_reps
    where months is null or (locked_months > 0 and locked_months < months)

    union all

    select distinct
        budget_id,
        'set_for_other_channel' as rule_id,
        node_id as subject,
        node_id as detail
    from hand_targets
    where not is_of_channel

    union all

    select
        company_targets.budget_id,
        'channels_do_not_add_up' as rule_id,
        company_targets.budget_id as subject,
        cast(company_targets.company_target - channel_sums.company_target as varchar) as detail
    from channel_sums
    inner join company_targets on channel_sums.parent_budget_id = company_targets.budget_id
    where
        channel_sums.company_target is distinct from company_targets.company_target

    union all

    select
        stretches.budget_id,
        'stretch_spread' as rule_id,
        stretches.budget_id as subject,
        cast({{ ratio('stretches.largest', 'stretches.smallest', 2, decimals=4) }} as varchar)
            as detail
    from stretches
    inner join planned on stretches.budget_id = planned.budget_id
    where
        stretches.largest
        > stretches.smallest * cast(planned.stretch_spread_warning as decimal(10, 4))

    union all

    select
        allocation.budget_id,
        'unattainable' as rule_id,
        allocation.rep_id as subject,
        allocation.rep_id as detail
    from allocation
    inner join planned on allocation.budget_id = planned.budget_id
    inner join likely
        on allocation.budget_id = likely.budget_id and allocation.rep_id = likely.rep_id
    where
        planned.direction = 'higher'
        and likely.prior_outcome > 0
        and allocation.target
        > {{ money_mul('likely.prior_outcome', 'planned.attainable_growth') }}

    union all

    select
        allocation.budget_id,
        'vacancy' as rule_id,
        'unassigned' as subject,
        cast(allocation.current_target as varchar) as detail
    from allocation
    inner join planned on allocation.budget_id = planned.budget_id
    where allocation.rep_id = 'unassigned' and allocation.current_target > 0

    union all

    select
        budget_id,
        'inconsistent_targets' as rule_id,
        budget_id as subject,
        cast(expected_target as varchar) as detail
    from consistencies
    where
        abs(own_target - expected_target)
        > {{ money_mul('expected_target', 'consistency_tolerance') }}
        or expected_target is null
),

final as (
    select distinct
        found.budget_id,
        found.rule_id,
        found.subject,
        rules.severity,
        rules.owner,
        replace(
            replace(rules.text_en, '{budget}', coalesce(versions.name, found.budget_id)),
            '{detail}', coalesce(found.detail, '')
        ) as text_en,
        replace(
            replace(rules.text_sv, '{budget}', coalesce(versions.name, found.budget_id)),
            '{detail}', coalesce(found.detail, '')
        ) as text_sv
    from found
    inner join versions on found.budget_id = versions.budget_id and versions.is_current
    left join {{ ref('planning_rules') }} as rules on found.rule_id = rules.rule_id
)

select
    {{ hash_key(['budget_id', 'rule_id', 'subject', 'text_en']) }} as finding_id,
    rule_id,
    budget_id,
    subject,
    severity,
    text_en,
    text_sv,
    owner
from final
