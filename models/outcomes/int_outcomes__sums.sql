{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with components as (
    select
        *,
        {{ trunc_date('month', 'booking_date') }} as booking_month
    from {{ ref('int_budget_types__components') }}
    where
        as_of is null
        and {{ is_rebuilt('booking_date') }}
),

parts as (
    select * from {{ ref('budget_type_parts') }}
    where over_time = 'sum'
),

-- Days are merged before nodes are looked up: amounts of one rep on one day share their team.
by_day as (
    select
        components.budget_type_id,
        components.part,
        components.parameter_set_id,
        components.booking_month,
        components.booking_date,
        components.event_date,
        components.rep_id,
        coalesce(components.campaign_id, '') as campaign_id,
        components.credit_type = 'overlay' as is_overlay,
        sum(components.amount) as amount,
        count(*) as record_count,
        count(*) - count(components.amount) as missing_amounts
    from components
    inner join parts
        on
            components.budget_type_id = parts.budget_type_id
            and components.part = parts.part
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
)

select
    by_day.budget_type_id,
    by_day.part,
    by_day.parameter_set_id,
    by_day.booking_month,
    booking_pieces.piece_start as booking_piece,
    event_pieces.piece_start as event_piece,
    by_day.rep_id,
    coalesce(rep_nodes.team_id, 'unassigned') as team_id,
    coalesce(rep_nodes.region_id, 'unassigned') as region_id,
    by_day.campaign_id,
    by_day.is_overlay,
    cast(sum(by_day.amount) as decimal(28, 4)) as amount,
    cast(sum(by_day.record_count) as bigint) as record_count,
    cast(sum(by_day.missing_amounts) as bigint) as missing_amounts
from by_day
inner join {{ ref('int_core__date_pieces') }} as booking_pieces
    on by_day.booking_date = booking_pieces.date_day
inner join {{ ref('int_core__date_pieces') }} as event_pieces
    on by_day.event_date = event_pieces.date_day
left join {{ ref('int_core__rep_nodes') }} as rep_nodes
    on
        by_day.rep_id = rep_nodes.rep_id
        and by_day.booking_month = rep_nodes.booking_month
        and by_day.event_date >= rep_nodes.valid_from
        and by_day.event_date < rep_nodes.valid_to
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
