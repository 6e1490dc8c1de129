with checkpoints as (
    select * from {{ ref('int_scoring__checkpoints') }}
)

select
    cast(checkpoint_id as varchar) as checkpoint_id,
    cast(kpi_id as varchar) as kpi_id,
    cast(sales_period_id as varchar) as sales_period_id,
    cast(period_type as varchar) as period_type,
    period_start,
    period_end,
    checkpoint_on as date,
    planned_share,
    created_at,
    outcome,
    cast(status as varchar) as status,
    pace,
    pace_change,
    cast(decision as varchar) as decision,
    cast(action_text as varchar) as action_text,
    cast(action_owner as varchar) as action_owner,
    due_date,
    done_at,
    cast(feedback_text as varchar) as feedback_text,
    cast(feedback_by as varchar) as feedback_by,
    cast(adjusted_target_version as integer) as adjusted_target_version,
    answer_by,
    is_unanswered
from checkpoints
