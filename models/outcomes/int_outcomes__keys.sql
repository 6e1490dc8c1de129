{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

-- Two models at a time that merge all components do not fit into the memory of a full run.
-- depends_on: {{ ref('int_outcomes__sums') }}

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
    where over_time = 'distinct'
)

select
    components.budget_type_id,
    components.part,
    components.parameter_set_id,
    components.booking_month,
    booking_pieces.piece_start as booking_piece,
    event_pieces.piece_start as event_piece,
    components.rep_id,
    coalesce(rep_nodes.team_id, 'unassigned') as team_id,
    coalesce(rep_nodes.region_id, 'unassigned') as region_id,
    components.distinct_key,
    cast(sum(components.amount) as decimal(28, 4)) as amount,
    count(*) as record_count
from components
inner join parts
    on
        components.budget_type_id = parts.budget_type_id
        and components.part = parts.part
inner join {{ ref('int_core__date_pieces') }} as booking_pieces
    on components.booking_date = booking_pieces.date_day
inner join {{ ref('int_core__date_pieces') }} as event_pieces
    on components.event_date = event_pieces.date_day
left join {{ ref('int_core__rep_nodes') }} as rep_nodes
    on
        components.rep_id = rep_nodes.rep_id
        and components.booking_month = rep_nodes.booking_month
        and components.event_date >= rep_nodes.valid_from
        and components.event_date < rep_nodes.valid_to
group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
