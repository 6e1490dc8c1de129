with budgets as (
    select * from {{ ref('int_planning__budget_list') }}
)

select
    cast(budget_id as varchar) as budget_id,
    cast(name as varchar) as name,
    cast(campaign_id as varchar) as campaign_id,
    cast(campaign_name as varchar) as campaign_name,
    cast(budget_type_id as varchar) as budget_type_id,
    period_start,
    period_end,
    cast(status as varchar) as status,
    cast(target_mode as varchar) as target_mode,
    cast(allocation_method as varchar) as allocation_method,
    cast(weight_parameters as varchar) as weight_parameters,
    cast(filters as varchar) as filters,
    cast(channel as varchar) as channel,
    company_target,
    cast(target_source as varchar) as target_source,
    over_assignment,
    rounding_unit,
    pool_amount,
    divided_target,
    unassigned_target,
    reps,
    gives_targets,
    version,
    has_refused_change,
    cast(reason_code as varchar) as reason_code,
    cast(reason_en as varchar) as reason_en,
    cast(reason_sv as varchar) as reason_sv,
    approved_at,
    cast(linked_budget_id as varchar) as linked_budget_id,
    expected_renewal_rate,
    cast(reward_text as varchar) as reward_text,
    reward_threshold
from budgets
