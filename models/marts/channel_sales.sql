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
        sum(channel_months.invoicing) as invoicing
    from channel_months
    cross join {{ node_levels() }}
    group by 1, 2, 3, 4
),

node_months as (
    select
        node_level,
        node_id,
        month,
        sum(volume) as volume,
        sum(invoicing) as invoicing
    from by_node
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
        coalesce(by_node.invoicing, 0) as invoicing
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
        invoicing
    from node_months
)

select
    node_level,
    node_id,
    month,
    channel,
    cast(volume as decimal(28, 4)) as volume,
    cast(invoicing as decimal(28, 4)) as invoicing,
    cast(null as decimal(28, 4)) as target_volume,
    cast(null as decimal(28, 4)) as target_invoicing,
    cast(null as decimal(28, 10)) as volume_attainment
from final
