{%- set touched_periods = ref('int_outcomes__touched_periods') -%}
{%- set touched_starts -%}
    select distinct period_start from {{ touched_periods }} where basis = 'reported'
{%- endset -%}
{{
    config(
        materialized="incremental",
        pre_hook="{{ forget_touched_periods(has_basis=false) }}",
    )
}}

with months as (
    select max(month_start) as last_month
    from {{ ref('int_core__booking_months') }}
),

-- Of a campaign's period only the rows of that campaign are part; elsewhere the campaign is one
-- dimension among others.
all_components as (
    select
        *,
        case when period_type = 'campaign' then coalesce(campaign_id, '') else '' end
            as period_campaign_id
    from {{ ref('int_budget_types__components') }}
    where
        as_of is not null
        and {{ is_among('period_start', touched_starts, [touched_periods]) }}
),

components as (
    select
        components.budget_type_id,
        components.part,
        components.parameter_set_id,
        components.period_type,
        components.period_start,
        components.period_campaign_id as campaign_id,
        components.rep_id,
        components.amount,
        components.distinct_key,
        case
            when components.period_type = 'snapshot' then components.as_of
            else components.event_date
        end as node_on,
        least({{ trunc_date('month', 'components.booking_date') }}, months.last_month)
            as node_month
    from all_components as components
    inner join {{ touched_periods }} as touched
        on
            components.budget_type_id = touched.budget_type_id
            and components.period_type = touched.period_type
            and components.period_start = touched.period_start
            and components.period_campaign_id = touched.campaign_id
            and touched.basis = 'reported'
    cross join months
),

with_nodes as (
    select
        components.budget_type_id,
        components.part,
        components.parameter_set_id,
        components.period_type,
        components.period_start,
        components.campaign_id,
        components.rep_id,
        coalesce(rep_nodes.team_id, 'unassigned') as team_id,
        coalesce(rep_nodes.region_id, 'unassigned') as region_id,
        components.amount,
        components.distinct_key,
        parts.over_reps
    from components
    inner join {{ ref('budget_type_parts') }} as parts
        on
            components.budget_type_id = parts.budget_type_id
            and components.part = parts.part
    left join {{ ref('int_core__rep_nodes') }} as rep_nodes
        on
            components.rep_id = rep_nodes.rep_id
            and components.node_month = rep_nodes.booking_month
            and components.node_on >= rep_nodes.valid_from
            and components.node_on < rep_nodes.valid_to
),

summed as (
    select
        with_nodes.budget_type_id,
        with_nodes.part,
        with_nodes.parameter_set_id,
        node_levels.node_level,
        {{ node_id('with_nodes') }} as node_id,
        with_nodes.period_type,
        with_nodes.period_start,
        with_nodes.campaign_id,
        sum(with_nodes.amount) as amount,
        sum(with_nodes.record_count) as record_count,
        sum(with_nodes.missing_amounts) as missing_amounts
    from (
        select
            budget_type_id,
            part,
            parameter_set_id,
            period_type,
            period_start,
            campaign_id,
            rep_id,
            team_id,
            region_id,
            sum(amount) as amount,
            count(*) as record_count,
            count(*) - count(amount) as missing_amounts
        from with_nodes
        where over_reps = 'sum'
        group by 1, 2, 3, 4, 5, 6, 7, 8, 9
    ) as with_nodes
    cross join {{ node_levels() }}
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

counted as (
    select
        with_nodes.budget_type_id,
        with_nodes.part,
        with_nodes.parameter_set_id,
        node_levels.node_level,
        {{ node_id('with_nodes') }} as node_id,
        with_nodes.period_type,
        with_nodes.period_start,
        with_nodes.campaign_id,
        count(distinct with_nodes.distinct_key) as amount,
        count(*) as record_count,
        count(*) - count(with_nodes.amount) as missing_amounts
    from with_nodes
    cross join {{ node_levels() }}
    where with_nodes.over_reps = 'distinct'
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

final as (
    select * from summed
    union all
    select * from counted
)

select
    budget_type_id,
    part,
    parameter_set_id,
    node_level,
    node_id,
    period_type,
    period_start,
    campaign_id,
    cast(amount as decimal(28, 4)) as amount,
    cast(record_count as bigint) as record_count,
    cast(missing_amounts as bigint) as missing_amounts
from final
