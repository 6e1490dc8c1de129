{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

-- Two models at a time that merge all components do not fit into the memory of a full run.
-- depends_on: {{ ref('int_outcomes__flow_parts') }}

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
    select parts.*
    from {{ ref('budget_type_parts') }} as parts
    inner join {{ ref('int_outcomes__dimension_types') }} as dimension_types
        on parts.budget_type_id = dimension_types.budget_type_id
    where parts.over_time = 'distinct'
)

select
    components.budget_type_id,
    components.part,
    components.parameter_set_id,
    components.booking_month,
    event_pieces.piece_start as event_piece,
    components.area_id,
    components.business_category,
    components.purchase_method,
    components.distinct_key,
    cast(sum(components.amount) as decimal(28, 4)) as amount
from components
inner join parts
    on
        components.budget_type_id = parts.budget_type_id
        and components.part = parts.part
inner join {{ ref('int_core__date_pieces') }} as event_pieces
    on components.event_date = event_pieces.date_day
group by 1, 2, 3, 4, 5, 6, 7, 8, 9
