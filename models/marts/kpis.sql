with reviews as (
    select * from {{ ref('int_scoring__kpi_reviews') }}
)

select
    cast(profile_id as varchar) as profile_id,
    cast(profile_name as varchar) as profile_name,
    cast(profile_type as varchar) as profile_type,
    cast(kpi_id as varchar) as kpi_id,
    cast(name_en as varchar) as name_en,
    cast(name_sv as varchar) as name_sv,
    cast(budget_type_id as varchar) as budget_type_id,
    cast(budget_id as varchar) as budget_id,
    cast(period_type as varchar) as period_type,
    period_start,
    period_end,
    is_ended,
    cast(since_last_period as varchar) as since_last_period,
    cast(kpi_status as varchar) as kpi_status,
    is_admitted,
    cast(first_refusal as varchar) as first_refusal,
    cast(success_driver as varchar) as success_driver,
    cast(conclusion_rule as varchar) as conclusion,
    cast(plan_text as varchar) as plan,
    cast(why_text as varchar) as why,
    cast(action_if_met as varchar) as action_if_met,
    cast(action_if_not_met as varchar) as action_if_not_met,
    cast(follower_roles as varchar) as followers,
    cast(publish_surface as varchar) as surface,
    cast(cadence as varchar) as cadence,
    cast(kpi_owner as varchar) as owner,
    expected_outcome,
    outcome,
    target,
    attainment,
    is_met,
    surprise,
    cast(actions as integer) as actions_taken
from reviews
