with context as (
    select
        context.as_of,
        {{ trunc_date('month', 'context.as_of') }} as window_end,
        parameters.rep_cost_months
    from {{ ref('int_core__context') }} as context
    inner join {{ ref('int_core__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

windows as (
    select
        as_of,
        {{ add_months('window_end', '-rep_cost_months') }} as window_start,
        window_end
    from context
),

-- A cost of nothing is none; one that cannot be converted is unknown.
rep_costs as (
    select * from {{ ref('int_core__rep_yearly_costs') }}
    where yearly_cost > 0 or yearly_cost is null
),

lifetime_values as (
    select
        dimensions.dimension,
        {{ member_id('components', with_rep=true) }} as member_id,
        sum(components.amount) as amount,
        count(*) - count(components.amount) as missing_amounts,
        sum(case when rep_costs.rep_id is null then components.amount else 0 end)
            as without_cost,
        sum(case when rep_costs.rep_id is null and components.amount is null then 1 else 0 end)
            as missing_without_cost
    from {{ ref('bt_customer_lifetime_value') }} as components
    inner join windows on components.as_of = windows.as_of
    left join rep_costs on components.rep_id = rep_costs.rep_id
    cross join {{ dimensions(with_rep=true) }}
    where components.parameter_set_id = 'default'
    group by 1, 2
),

all_costs as (
    select
        'rep' as dimension,
        rep_id as member_id,
        yearly_cost,
        booked_cost,
        is_annualised
    from rep_costs

    union all

    select
        shares.dimension,
        shares.member_id,
        shares.yearly_cost,
        shares.booked_cost,
        rep_costs.is_annualised
    from {{ ref('int_core__costs_by_dimension') }} as shares
    inner join rep_costs on shares.rep_id = rep_costs.rep_id
),

costs as (
    select
        dimension,
        member_id,
        case when count(yearly_cost) = count(*) then sum(yearly_cost) end as yearly_cost,
        case when count(booked_cost) = count(*) then sum(booked_cost) end as booked_cost,
        count(*) - count(yearly_cost) as missing_costs,
        max(case when is_annualised then 1 else 0 end) as has_annualised
    from all_costs
    group by dimension, member_id
),

-- The cost per meeting looks at the months that have cost, of those who have it.
meetings as (
    select
        dimensions.dimension,
        {{ member_id('meetings', with_rep=true) }} as member_id,
        count(distinct meetings.activity_id) as meetings,
        count(distinct case when rep_costs.rep_id is not null then meetings.activity_id end)
            as costed_meetings
    from {{ ref('int_core__yearly_meetings') }} as meetings
    left join rep_costs
        on
            meetings.rep_id = rep_costs.rep_id
            and meetings.event_date >= rep_costs.costs_from
            and meetings.event_date < rep_costs.costs_to
    cross join {{ dimensions(with_rep=true) }}
    group by 1, 2
),

contract_values as (
    select
        dimensions.dimension,
        {{ member_id('components', with_rep=true) }} as member_id,
        case when count(components.amount) = count(*) then sum(components.amount) end as amount
    from {{ ref('bt_total_contract_value') }} as components
    inner join windows
        on
            components.event_date >= windows.window_start
            and components.event_date < windows.window_end
    cross join {{ dimensions(with_rep=true) }}
    where
        components.parameter_set_id = 'default'
        -- Overlay credit stands beside the rep's own and is no second contract.
        and (dimensions.dimension = 'rep' or components.credit_type <> 'overlay')
    group by 1, 2
),

closings as (
    select
        dimensions.dimension,
        {{ member_id('components', with_rep=true) }} as member_id,
        sum(case when components.part = 'numerator' then components.amount else 0 end)
            as won_count,
        sum(case when components.part = 'denominator' then components.amount else 0 end)
            as closed_count
    from {{ ref('bt_win_rate') }} as components
    inner join windows
        on
            components.event_date >= windows.window_start
            and components.event_date < windows.window_end
    cross join {{ dimensions(with_rep=true) }}
    where components.parameter_set_id = 'default'
    group by 1, 2
),

members as (
    select
        dimension,
        member_id
    from lifetime_values

    union

    select
        dimension,
        member_id
    from costs

    union

    select
        dimension,
        member_id
    from meetings

    union

    select
        dimension,
        member_id
    from contract_values

    union

    select
        dimension,
        member_id
    from closings
),

measured as (
    select
        members.dimension,
        members.member_id,
        case
            when coalesce(lifetime_values.missing_amounts, 0) = 0
                then coalesce(lifetime_values.amount, 0)
        end as customer_lifetime_value,
        case
            when coalesce(lifetime_values.missing_without_cost, 0) = 0
                then coalesce(lifetime_values.without_cost, 0)
        end as ltv_without_cost,
        -- What has a cost beside it, known whatever is missing among the others.
        case
            when
                coalesce(lifetime_values.missing_amounts, 0)
                = coalesce(lifetime_values.missing_without_cost, 0)
                then
                    coalesce(lifetime_values.amount, 0)
                    - coalesce(lifetime_values.without_cost, 0)
        end as ltv_with_cost,
        costs.yearly_cost,
        costs.booked_cost,
        coalesce(costs.missing_costs, 0) > 0 as is_cost_unknown,
        coalesce(costs.has_annualised, 0) = 1 as is_annualised,
        coalesce(meetings.meetings, 0) as meetings,
        coalesce(meetings.costed_meetings, 0) as costed_meetings,
        case
            when contract_values.member_id is null then 0 else contract_values.amount
        end as total_contract_value,
        coalesce(closings.won_count, 0) as won_count,
        coalesce(closings.closed_count, 0) as closed_count
    from members
    left join lifetime_values
        on
            members.dimension = lifetime_values.dimension
            and members.member_id = lifetime_values.member_id
    left join costs
        on members.dimension = costs.dimension and members.member_id = costs.member_id
    left join meetings
        on members.dimension = meetings.dimension and members.member_id = meetings.member_id
    left join contract_values
        on
            members.dimension = contract_values.dimension
            and members.member_id = contract_values.member_id
    left join closings
        on members.dimension = closings.dimension and members.member_id = closings.member_id
),

final as (
    select
        dimension,
        member_id,
        cast(customer_lifetime_value as decimal(28, 4)) as customer_lifetime_value,
        cast(ltv_without_cost as decimal(28, 4)) as ltv_without_cost,
        cast(yearly_cost as decimal(28, 4)) as cost,  -- noqa: RF04
        is_annualised,
        cast({{ ratio('ltv_with_cost', 'yearly_cost', decimals=4) }} as decimal(28, 10))
            as ltv_cost_ratio,
        case
            when is_cost_unknown or ltv_with_cost is null then 'missing_rate'
            when yearly_cost is null then 'zero_denominator'
        end as reason_code,
        cast(total_contract_value as decimal(28, 4)) as total_contract_value,
        cast(meetings as bigint) as meetings,
        cast({{ ratio('booked_cost', 'costed_meetings', 4, decimals=4) }} as decimal(28, 4))
            as cost_per_meeting,
        cast(won_count as bigint) as won_opportunities,
        cast(closed_count as bigint) as closed_opportunities,
        cast({{ ratio('won_count', 'closed_count', decimals=4) }} as decimal(28, 10)) as win_rate
    from measured
)

select * from final
