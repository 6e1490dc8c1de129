with targets as (
    select * from {{ ref('int_planning__targets') }}
)

select
    cast(budget_id as varchar) as budget_id,
    cast(budget_type_id as varchar) as budget_type_id,
    cast(campaign_id as varchar) as campaign_id,
    cast(target_mode as varchar) as target_mode,
    cast(node_level as varchar) as node_level,
    cast(node_id as varchar) as node_id,
    cast(channel as varchar) as channel,
    month,
    target,
    target_low,
    is_locked,
    version,
    valid_from,
    cast(reason as varchar) as reason,
    cast(changed_by as varchar) as changed_by
from targets
