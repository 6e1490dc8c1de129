with budgets as (
    select * from {{ ref('int_planning__budgets') }}
    where
        is_plan
        and mode = 'distribute'
        and campaign_id is null
        and time_shape = 'flow'
        and direction = 'higher'
        and type_unit = 'currency'
        and measures in ('volume', 'invoicing')
),

-- A budget that is limited by anything but its channel is a part of the figure only.
limited as (
    select distinct
        budget_id,
        version
    from {{ ref('int_planning__budget_scopes') }}
    where dimension <> 'channel'
),

registry as (
    select
        budget_type_id,
        channel
    from {{ ref('budget_type_registry') }}
),

linked as (
    select
        budget_id,
        version,
        parent_budget_id is not null as is_linked
    from {{ ref('int_planning__company_targets') }}
),

covering as (
    select
        budgets.budget_id,
        budgets.budget_type_id,
        budgets.measures,
        budgets.channel
    from budgets
    inner join registry on budgets.budget_type_id = registry.budget_type_id
    left join limited
        on budgets.budget_id = limited.budget_id and budgets.version = limited.version
    left join linked on budgets.budget_id = linked.budget_id and budgets.version = linked.version
    where
        limited.budget_id is null
        and (budgets.channel = 'all' or registry.channel is not null or linked.is_linked)
),

targets as (
    select
        covering.measures,
        covering.budget_type_id,
        covering.channel,
        targets.node_level,
        targets.node_id,
        targets.month,
        targets.target
    from covering
    inner join {{ ref('int_planning__targets') }} as targets
        on covering.budget_id = targets.budget_id
),

by_channel as (
    select
        measures,
        node_level,
        node_id,
        month,
        channel,
        sum(target) as target
    from targets
    where channel <> 'all'
    group by measures, node_level, node_id, month, channel
),

planned_by_channel as (
    select distinct
        measures,
        month
    from by_channel
),

-- The total of a node is that of its channels. Where a month is not planned by channel it is the
-- target for the whole, provided that only one type has one.
totals as (
    select
        measures,
        node_level,
        node_id,
        month,
        'total' as channel,
        sum(target) as target
    from by_channel
    group by measures, node_level, node_id, month

    union all

    select
        targets.measures,
        targets.node_level,
        targets.node_id,
        targets.month,
        'total' as channel,
        case
            when min(targets.budget_type_id) = max(targets.budget_type_id)
                then sum(targets.target)
        end as target
    from targets
    left join planned_by_channel
        on
            targets.measures = planned_by_channel.measures
            and targets.month = planned_by_channel.month
    where targets.channel = 'all' and planned_by_channel.month is null
    group by targets.measures, targets.node_level, targets.node_id, targets.month
),

final as (
    select * from by_channel
    union all
    select * from totals
)

select
    node_level,
    node_id,
    month,
    channel,
    cast(max(case when measures = 'volume' then target end) as decimal(28, 4)) as target_volume,
    cast(max(case when measures = 'invoicing' then target end) as decimal(28, 4))
        as target_invoicing
from final
group by node_level, node_id, month, channel
