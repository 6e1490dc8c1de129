-- Every budget the company has, whether it gives targets or not.
with context as (
    select * from {{ ref('int_core__context') }}
),

budgets as (
    select budgets.*
    from {{ ref('stg_canonical__budgets') }} as budgets
    inner join context on {{ known_at('budgets', 'context.cut_off_utc') }}
    where not budgets.is_deleted
),

campaigns as (
    select
        campaigns.campaign_id,
        campaigns.name
    from {{ ref('stg_canonical__campaigns') }} as campaigns
    inner join context on {{ known_at('campaigns', 'context.cut_off_utc') }}
    where not campaigns.is_deleted
),

newest as (
    select
        *,
        row_number() over (partition by budget_id order by version desc) as newest_no
    from {{ ref('int_planning__budgets') }}
),

company_targets as (
    select * from {{ ref('int_planning__company_targets') }}
),

pools as (
    select * from {{ ref('int_planning__pools') }}
),

rep_targets as (
    select
        budget_id,
        count(distinct case when node_id <> 'unassigned' then node_id end) as reps,
        sum(case when target_mode <> 'same_level' then target end) as divided_target,
        sum(case when target_mode <> 'same_level' and node_id = 'unassigned' then target end)
            as unassigned_target
    from {{ ref('int_planning__targets') }}
    where node_level = 'rep'
    group by budget_id
),

given as (
    select
        budget_id,
        max(version) as target_version
    from {{ ref('int_planning__targets') }}
    group by budget_id
),

refused as (
    select distinct budget_id
    from {{ ref('int_planning__month_shares') }}
    where is_refused
),

reasons as (
    select
        findings.budget_id,
        findings.rule_id,
        findings.text_en,
        findings.text_sv,
        row_number() over (
            partition by findings.budget_id order by findings.rule_id, findings.finding_id
        ) as reason_no
    from {{ ref('int_planning__findings') }} as findings
    where findings.severity = 'error'
)

select
    budgets.budget_id,
    budgets.name,
    budgets.campaign_id,
    campaigns.name as campaign_name,
    budgets.budget_type_id,
    budgets.period_start,
    budgets.period_end_excl as period_end,
    budgets.status,
    coalesce(newest.mode, budgets.target_mode) as target_mode,
    budgets.allocation_method,
    budgets.weight_params as weight_parameters,
    budgets.filters,
    coalesce(newest.channel, 'all') as channel,
    cast(coalesce(company_targets.company_target, newest.own_target) as decimal(28, 4))
        as company_target,
    company_targets.target_source,
    cast(coalesce(budgets.over_assignment, 0) as decimal(18, 10)) as over_assignment,
    cast(coalesce(budgets.rounding_unit, 1) as decimal(18, 4)) as rounding_unit,
    cast(
        case
            when newest.mode = 'distribute'
                then greatest(
                    company_targets.pool_amount, coalesce(pools.amount, company_targets.pool_amount)
                )
        end as decimal(28, 4)
    ) as pool_amount,
    cast(rep_targets.divided_target as decimal(28, 4)) as divided_target,
    cast(
        case
            when rep_targets.divided_target is not null
                then coalesce(rep_targets.unassigned_target, 0)
        end as decimal(28, 4)
    ) as unassigned_target,
    cast(coalesce(rep_targets.reps, 0) as bigint) as reps,
    given.budget_id is not null as gives_targets,
    given.target_version as version,
    refused.budget_id is not null as has_refused_change,
    case
        when given.budget_id is not null then null
        when budgets.status not in ('approved', 'locked') then 'not_approved'
        else coalesce(reasons.rule_id, 'nobody_present')
    end as reason_code,
    case when given.budget_id is null then reasons.text_en end as reason_en,
    case when given.budget_id is null then reasons.text_sv end as reason_sv,
    newest.decided_at as approved_at,
    budgets.linked_budget_id,
    budgets.expected_renewal_rate,
    budgets.reward_text,
    budgets.reward_threshold
from budgets
left join campaigns on budgets.campaign_id = campaigns.campaign_id
left join newest on budgets.budget_id = newest.budget_id and newest.newest_no = 1
left join company_targets
    on newest.budget_id = company_targets.budget_id and newest.version = company_targets.version
left join pools on budgets.budget_id = pools.pool_id and newest.is_plan
left join rep_targets on budgets.budget_id = rep_targets.budget_id
left join refused on budgets.budget_id = refused.budget_id
left join given on budgets.budget_id = given.budget_id
left join reasons on budgets.budget_id = reasons.budget_id and reasons.reason_no = 1
