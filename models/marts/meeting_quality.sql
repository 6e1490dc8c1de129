with months as (
    select
        periods.period_start as month,
        {{ add_months('periods.period_end', '-parameters.rep_cost_months') }} as window_start
    from {{ ref('int_core__periods') }} as periods
    inner join {{ ref('int_core__parameters') }} as parameters
        on
            periods.period_start >= parameters.valid_from
            and periods.period_start < parameters.valid_to
    where periods.period_type = 'month'
),

meetings as (
    select
        activity_id,
        max(customer_state) as customer_state,
        max(case when triple_check then 1 else 0 end) as is_triple_check
    from {{ ref('meetings') }}
    where status = 'held'
    group by activity_id
),

-- A cost of nothing is none; one that cannot be converted is unknown.
costs as (
    select
        rep_costs.rep_id,
        coalesce(rep_nodes.team_id, 'unassigned') as team_id,
        coalesce(rep_nodes.region_id, 'unassigned') as region_id,
        rep_costs.cost_month as month,
        rep_costs.amount
    from {{ ref('fct_rep_costs') }} as rep_costs
    inner join months on rep_costs.cost_month = months.month
    -- A month's cost falls on the team that the rep is in when the month ends.
    left join {{ ref('int_core__rep_nodes') }} as rep_nodes
        on
            rep_costs.rep_id = rep_nodes.rep_id
            and rep_costs.cost_month = rep_nodes.booking_month
            and rep_nodes.valid_from < {{ add_months('rep_costs.cost_month', 1) }}
            and rep_nodes.valid_to >= {{ add_months('rep_costs.cost_month', 1) }}
    where rep_costs.amount > 0 or rep_costs.amount is null
),

-- Who met in which team, by the same bookings that `outcomes` counts meetings by.
participations as (
    select
        meeting_keys.rep_id,
        meeting_keys.team_id,
        meeting_keys.region_id,
        meeting_keys.event_piece,
        {{ trunc_date('month', 'meeting_keys.event_piece') }} as month,
        meeting_keys.distinct_key as activity_id,
        meeting_keys.amount,
        costs.rep_id as cost_rep_id,
        costs.team_id as cost_team_id,
        costs.region_id as cost_region_id
    from {{ ref('int_outcomes__keys') }} as meeting_keys
    left join costs
        on
            meeting_keys.rep_id = costs.rep_id
            and {{ trunc_date('month', 'meeting_keys.event_piece') }} = costs.month
    where
        meeting_keys.budget_type_id = 'meetings_held'
        and meeting_keys.part = 'numerator'
        and meeting_keys.parameter_set_id = 'default'
),

repeated as (
    select activity_id
    from participations
    group by activity_id
    having count(*) > 1
),

-- What was booked and is taken back is no meeting. A meeting that one rep was booked on once is
-- counted by adding up; only the others have to be told apart at each node. A meeting has cost
-- where the rep's cost of the month falls.
lone as (
    select
        participations.rep_id,
        participations.team_id,
        participations.region_id,
        participations.month,
        meetings.customer_state,
        coalesce(meetings.is_triple_check, 0) as is_triple_check,
        case when participations.cost_rep_id is not null then 1 else 0 end as has_cost,
        case when participations.cost_team_id = participations.team_id then 1 else 0 end
            as has_team_cost,
        case when participations.cost_region_id = participations.region_id then 1 else 0 end
            as has_region_cost,
        count(*) as meetings
    from participations
    left join repeated on participations.activity_id = repeated.activity_id
    left join meetings on participations.activity_id = meetings.activity_id
    where repeated.activity_id is null and participations.amount > 0
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

-- A joint meeting is one in the team.
attended as (
    select
        node_levels.node_level,
        {{ node_id('participations') }} as node_id,
        participations.month,
        participations.event_piece,
        participations.activity_id,
        sum(
            case
                when participations.cost_rep_id is null then 0
                when
                    node_levels.node_level in ('rep', 'company')
                    or (
                        node_levels.node_level = 'team'
                        and participations.cost_team_id = participations.team_id
                    )
                    or (
                        node_levels.node_level = 'region'
                        and participations.cost_region_id = participations.region_id
                    )
                    then participations.amount
                else 0
            end
        ) as costed_amount
    from participations
    inner join repeated on participations.activity_id = repeated.activity_id
    cross join {{ node_levels() }}
    group by 1, 2, 3, 4, 5
    having sum(participations.amount) > 0
),

told_apart as (
    select
        node_level,
        node_id,
        month,
        activity_id,
        max(case when costed_amount > 0 then 1 else 0 end) as is_costed
    from attended
    group by 1, 2, 3, 4
),

node_meetings as (
    select
        node_levels.node_level,
        {{ node_id('lone') }} as node_id,
        lone.month,
        lone.customer_state,
        lone.is_triple_check,
        case node_levels.node_level
            when 'team' then lone.has_team_cost
            when 'region' then lone.has_region_cost
            else lone.has_cost
        end as is_costed,
        lone.meetings
    from lone
    cross join {{ node_levels() }}

    union all

    select
        told_apart.node_level,
        told_apart.node_id,
        told_apart.month,
        meetings.customer_state,
        coalesce(meetings.is_triple_check, 0) as is_triple_check,
        told_apart.is_costed,
        1 as meetings
    from told_apart
    left join meetings on told_apart.activity_id = meetings.activity_id
),

counted as (
    select
        node_level,
        node_id,
        month,
        sum(meetings) as meetings,
        sum(meetings * is_triple_check) as triple_checks,
        sum(meetings * is_costed) as costed_meetings,
        sum(case when customer_state = 'prospect' then meetings else 0 end) as prospect_meetings,
        sum(case when customer_state = 'new' then meetings else 0 end) as new_meetings,
        sum(case when customer_state = 'active' then meetings else 0 end) as active_meetings,
        sum(case when customer_state = 'passive' then meetings else 0 end) as passive_meetings
    from node_meetings
    group by 1, 2, 3
),

node_costs as (
    select
        node_levels.node_level,
        {{ node_id('costs') }} as node_id,
        costs.month,
        sum(costs.amount) as amount,
        count(*) - count(costs.amount) as missing_amounts
    from costs
    cross join {{ node_levels() }}
    group by 1, 2, 3
),

figures as (
    select
        budget_type_id,
        node_level,
        node_id,
        period_start as month,
        numerator,
        denominator,
        value,
        reason_code
    from {{ ref('outcomes') }}
    where
        budget_type_id in (
            'margin_per_meeting', 'meeting_to_next_step_rate', 'win_rate', 'ltv_cost_ratio'
        )
        and basis = 'restated'
        and parameter_set_id = 'default'
        and period_type = 'month'
),

node_months as (
    select
        node_level,
        node_id,
        month
    from counted

    union

    select
        node_level,
        node_id,
        month
    from node_costs

    union

    select
        node_level,
        node_id,
        month
    from figures
),

monthly as (
    select
        node_months.node_level,
        node_months.node_id,
        node_months.month,
        months.window_start,
        coalesce(counted.meetings, 0) as meetings,
        coalesce(counted.triple_checks, 0) as triple_checks,
        coalesce(counted.costed_meetings, 0) as costed_meetings,
        coalesce(counted.prospect_meetings, 0) as prospect_meetings,
        coalesce(counted.new_meetings, 0) as new_meetings,
        coalesce(counted.active_meetings, 0) as active_meetings,
        coalesce(counted.passive_meetings, 0) as passive_meetings,
        node_costs.amount as cost_amount,
        coalesce(node_costs.missing_amounts, 0) as missing_amounts
    from node_months
    inner join months on node_months.month = months.month
    left join counted
        on
            node_months.node_level = counted.node_level
            and node_months.node_id = counted.node_id
            and node_months.month = counted.month
    left join node_costs
        on
            node_months.node_level = node_costs.node_level
            and node_months.node_id = node_costs.node_id
            and node_months.month = node_costs.month
),

-- A meeting belongs to one month, so months of meetings may be added.
windows as (
    select
        monthly.node_level,
        monthly.node_id,
        monthly.month,
        sum(earlier.cost_amount) as cost_amount,
        sum(earlier.costed_meetings) as costed_meetings,
        sum(earlier.missing_amounts) as missing_amounts
    from monthly
    inner join monthly as earlier
        on
            monthly.node_level = earlier.node_level
            and monthly.node_id = earlier.node_id
            and monthly.month >= earlier.month
            and monthly.window_start <= earlier.month
    group by 1, 2, 3
),

final as (
    select
        monthly.*,
        windows.cost_amount as window_cost,
        windows.costed_meetings as window_meetings,
        case
            when windows.missing_amounts > 0 then 'missing_rate'
            when windows.costed_meetings = 0 then 'zero_denominator'
        end as cost_reason_code,
        next_steps.numerator as next_steps,
        next_steps.denominator as next_steps_due,
        next_steps.value as next_step_rate,
        margins.value as margin_per_meeting,
        margins.reason_code as margin_reason_code,
        wins.numerator as won_opportunities,
        wins.denominator as closed_opportunities,
        wins.value as win_rate,
        lifetime_values.value as ltv_cost_ratio,
        lifetime_values.reason_code as ltv_reason_code
    from monthly
    inner join windows
        on
            monthly.node_level = windows.node_level
            and monthly.node_id = windows.node_id
            and monthly.month = windows.month
    left join figures as next_steps
        on
            monthly.node_level = next_steps.node_level
            and monthly.node_id = next_steps.node_id
            and monthly.month = next_steps.month
            and next_steps.budget_type_id = 'meeting_to_next_step_rate'
    left join figures as margins
        on
            monthly.node_level = margins.node_level
            and monthly.node_id = margins.node_id
            and monthly.month = margins.month
            and margins.budget_type_id = 'margin_per_meeting'
    left join figures as wins
        on
            monthly.node_level = wins.node_level
            and monthly.node_id = wins.node_id
            and monthly.month = wins.month
            and wins.budget_type_id = 'win_rate'
    left join figures as lifetime_values
        on
            monthly.node_level = lifetime_values.node_level
            and monthly.node_id = lifetime_values.node_id
            and monthly.month = lifetime_values.month
            and lifetime_values.budget_type_id = 'ltv_cost_ratio'
)

select
    cast(node_level as varchar) as node_level,
    cast(node_id as varchar) as node_id,
    month,
    cast(meetings as bigint) as meetings,
    cast(triple_checks as bigint) as triple_checks,
    {{ ratio('triple_checks', 'meetings', decimals=4) }} as triple_check_share,
    cast(prospect_meetings as bigint) as prospect_meetings,
    cast(new_meetings as bigint) as new_customer_meetings,
    cast(active_meetings as bigint) as active_meetings,
    cast(passive_meetings as bigint) as passive_meetings,
    {{ ratio('prospect_meetings', 'meetings', decimals=4) }} as prospect_share,
    {{ ratio('new_meetings', 'meetings', decimals=4) }} as new_customer_share,
    {{ ratio('active_meetings', 'meetings', decimals=4) }} as active_share,
    {{ ratio('passive_meetings', 'meetings', decimals=4) }} as passive_share,
    cast(coalesce(next_steps, 0) as bigint) as next_steps,
    cast(coalesce(next_steps_due, 0) as bigint) as next_steps_due,
    cast(next_step_rate as decimal(28, 10)) as next_step_rate,
    cast(coalesce(won_opportunities, 0) as bigint) as won_opportunities,
    cast(coalesce(closed_opportunities, 0) as bigint) as closed_opportunities,
    cast(win_rate as decimal(28, 10)) as win_rate,
    cast(case when missing_amounts = 0 then cost_amount end as decimal(28, 4))
        as cost,  -- noqa: RF04
    cast(case when cost_reason_code is null then window_cost end as decimal(28, 4))
        as cost_of_window,
    cast(window_meetings as bigint) as costed_meetings,
    cast(
        case
            when cost_reason_code is null
                then {{ ratio('window_cost', 'window_meetings', 4, decimals=4) }}
        end as decimal(28, 4)
    ) as cost_per_meeting,
    cast(cost_reason_code as varchar) as cost_reason_code,
    cast(margin_per_meeting as decimal(28, 4)) as margin_per_meeting,
    cast(margin_reason_code as varchar) as margin_reason_code,
    cast(ltv_cost_ratio as decimal(28, 10)) as ltv_cost_ratio,
    cast(ltv_reason_code as varchar) as ltv_reason_code
from final
