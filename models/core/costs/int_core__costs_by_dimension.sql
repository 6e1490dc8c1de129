-- A cost of nothing is none; one that cannot be converted is unknown, and so are its parts.
with costs as (
    select * from {{ ref('int_core__rep_yearly_costs') }}
    where yearly_cost > 0 or yearly_cost is null
),

measures as (
    select
        rep_id,
        area_id,
        business_category,
        purchase_method,
        coalesce(minutes, 0) as minutes,
        1 as visits,
        cast(0 as decimal(18, 4)) as revenue
    from {{ ref('int_core__yearly_meetings') }}

    union all

    select
        rep_id,
        area_id,
        business_category,
        purchase_method,
        0 as minutes,
        0 as visits,
        coalesce(amount, 0) as revenue
    from {{ ref('int_core__customer_values') }}
    where value_kind = 'invoiced'

    union all

    -- Who has neither met nor owns anybody costs all the same.
    select
        rep_id,
        cast(null as varchar) as area_id,
        cast(null as varchar) as business_category,
        cast(null as varchar) as purchase_method,
        0 as minutes,
        0 as visits,
        cast(0 as decimal(18, 4)) as revenue
    from costs
),

by_member as (
    select
        measures.rep_id,
        dimensions.dimension,
        {{ member_id('measures') }} as member_id,
        sum(measures.minutes) as minutes,
        sum(measures.visits) as visits,
        greatest(sum(measures.revenue), 0) as revenue
    from measures
    cross join {{ dimensions() }}
    group by 1, 2, 3
),

with_totals as (
    select
        by_member.*,
        sum(by_member.minutes) over by_rep as all_minutes,
        sum(by_member.visits) over by_rep as all_visits,
        sum(by_member.revenue) over by_rep as all_revenue
    from by_member
    window by_rep as (partition by by_member.rep_id, by_member.dimension)
),

weighed as (
    select
        rep_id,
        dimension,
        member_id,
        cast(
            case
                when all_minutes > 0 then minutes
                when all_visits > 0 then visits
                when all_revenue > 0 then revenue
                when member_id = 'unassigned' then 1
                else 0
            end as decimal(18, 4)
        ) as weight
    from with_totals
),

pooled as (
    select
        costs.rep_id,
        weighed.dimension,
        weighed.member_id,
        weighed.weight,
        kinds.cost_kind,
        case kinds.cost_kind when 'yearly' then costs.yearly_cost else costs.booked_cost end
            as amount,
        cast(0.0001 as decimal(5, 4)) as unit
    from costs
    inner join weighed on costs.rep_id = weighed.rep_id and weighed.weight > 0
    cross join (values ('yearly'), ('booked')) as kinds (cost_kind)
),

shares as (
    {{ shared_out('pooled', ['rep_id', 'dimension', 'cost_kind'], 'weight desc, member_id') }}
)

select
    rep_id,
    dimension,
    member_id,
    cast(max(case when cost_kind = 'yearly' then share end) as decimal(18, 4)) as yearly_cost,
    cast(max(case when cost_kind = 'booked' then share end) as decimal(18, 4)) as booked_cost
from shares
group by rep_id, dimension, member_id
