with channel_months as (
    select * from {{ ref('int_outcomes__channel_months') }}
),

by_node as (
    select
        node_levels.node_level,
        {{ node_id('channel_months') }} as node_id,
        channel_months.booking_month as month,
        channel_months.channel,
        sum(channel_months.volume) as volume,
        sum(channel_months.invoicing) as invoicing,
        sum(channel_months.contract_invoicing) as contract_invoicing
    from channel_months
    cross join {{ node_levels() }}
    group by 1, 2, 3, 4
),

-- Who has a target and has not sold anything shows as well, up to the month of S.
targets as (
    select targets.*
    from {{ ref('int_planning__channel_targets') }} as targets
    inner join {{ ref('int_core__context') }} as context on targets.month < context.as_of
),

figures as (
    select
        node_level,
        node_id,
        month,
        volume,
        invoicing,
        contract_invoicing
    from by_node

    union all

    select
        node_level,
        node_id,
        month,
        0 as volume,
        0 as invoicing,
        0 as contract_invoicing
    from targets
),

node_months as (
    select
        node_level,
        node_id,
        month,
        sum(volume) as volume,
        sum(invoicing) as invoicing,
        sum(contract_invoicing) as contract_invoicing
    from figures
    group by node_level, node_id, month
),

channels as (
    select channel
    from (values ('renewal'), ('upsell'), ('win_back'), ('new')) as channels (channel)
),

-- Every node and month shows all four channels and the total.
final as (
    select
        node_months.node_level,
        node_months.node_id,
        node_months.month,
        channels.channel,
        coalesce(by_node.volume, 0) as volume,
        coalesce(by_node.invoicing, 0) as invoicing,
        coalesce(by_node.contract_invoicing, 0) as contract_invoicing
    from node_months
    cross join channels
    left join by_node
        on
            node_months.node_level = by_node.node_level
            and node_months.node_id = by_node.node_id
            and node_months.month = by_node.month
            and channels.channel = by_node.channel

    union all

    select
        node_level,
        node_id,
        month,
        'total' as channel,
        volume,
        invoicing,
        contract_invoicing
    from node_months
)

select
    final.node_level,
    final.node_id,
    final.month,
    final.channel,
    cast(final.volume as decimal(28, 4)) as volume,
    cast(final.invoicing as decimal(28, 4)) as invoicing,
    cast(final.contract_invoicing as decimal(28, 4)) as contract_invoicing,
    targets.target_volume,
    targets.target_invoicing,
    {{ ratio('final.volume', 'targets.target_volume', 10, decimals=4) }} as volume_attainment
from final
left join targets
    on
        final.node_level = targets.node_level
        and final.node_id = targets.node_id
        and final.month = targets.month
        and final.channel = targets.channel
