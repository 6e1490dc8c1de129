with deals as (
    select
        deals.contract_id,
        node_levels.node_level,
        {{ node_id('deals') }} as node_id,
        {{ trunc_date('year', 'deals.signed_on') }} as year_start,
        deals.channel,
        deals.lead_days
    from {{ ref('int_core__deal_lead_times') }} as deals
    cross join {{ node_levels() }}
    -- The years of `outcomes`: what was signed before the extracts begin has no history.
    inner join {{ ref('int_core__periods') }} as periods
        on
            periods.period_type = 'year'
            and {{ trunc_date('year', 'deals.signed_on') }} = periods.period_start
),

ordered as (
    select
        deals.*,
        count(deals.lead_days) over by_channel as measured_deals,
        row_number() over (
            partition by deals.node_level, deals.node_id, deals.year_start, deals.channel
            order by deals.lead_days asc nulls last, deals.contract_id asc
        ) as place
    from deals
    window by_channel as (
        partition by deals.node_level, deals.node_id, deals.year_start, deals.channel
    )
),

-- The middle deal, or the two in the middle.
middles as (
    select
        ordered.*,
        case
            when
                ordered.place between {{ int_div('ordered.measured_deals + 1', '2') }}
                and {{ int_div('ordered.measured_deals + 2', '2') }}
                then ordered.lead_days
        end as middle_days
    from ordered
),

measured as (
    select
        node_level,
        node_id,
        year_start,
        channel,
        count(*) as deals,
        max(measured_deals) as measured_deals,
        {{ ratio('sum(middle_days)', 'count(middle_days)', 4) }} as median_days,
        {{ ratio('sum(lead_days)', 'count(lead_days)', 4) }} as mean_days
    from middles
    group by node_level, node_id, year_start, channel
),

compared as (
    select
        measured.*,
        max(case when measured.channel = 'new' then measured.median_days end) over (
            partition by measured.node_level, measured.node_id, measured.year_start
        ) as new_median_days
    from measured
)

select
    node_level,
    node_id,
    year_start,
    channel,
    cast(deals as bigint) as deals,
    cast(measured_deals as bigint) as measured_deals,
    cast(median_days as decimal(18, 4)) as median_days,
    cast(mean_days as decimal(18, 4)) as mean_days,
    case when channel <> 'new' then median_days < new_median_days end as is_shorter_than_new
from compared
