-- A late row that goes from one area to another changes no node's figure, so what is late in the
-- rebuilt months is counted again whether or not it differs from the base.
with types as (
    select * from {{ ref('int_outcomes__dimension_types') }}
),

rebuild as (
    select rebuild_from from {{ ref('int_core__rebuild') }}
),

late_pieces as (
    select
        sums.budget_type_id,
        sums.event_piece
    from {{ ref('int_outcomes__dimension_sums') }} as sums
    inner join rebuild on sums.booking_month >= rebuild.rebuild_from
    where sums.event_piece < sums.booking_month

    union

    select
        keys.budget_type_id,
        keys.event_piece
    from {{ ref('int_outcomes__dimension_keys') }} as keys
    inner join rebuild on keys.booking_month >= rebuild.rebuild_from
    where keys.event_piece < keys.booking_month
)

select
    touched.budget_type_id,
    touched.basis,
    touched.period_type,
    touched.period_start,
    touched.campaign_id
from {{ ref('int_outcomes__touched_periods') }} as touched
inner join types on touched.budget_type_id = types.budget_type_id
where touched.basis = 'restated'

union

select
    types.budget_type_id,
    'restated' as basis,
    period_pieces.period_type,
    period_pieces.period_start,
    period_pieces.campaign_id
from late_pieces
inner join types on late_pieces.budget_type_id = types.budget_type_id
inner join {{ ref('int_outcomes__period_pieces') }} as period_pieces
    on
        types.rolling_months = period_pieces.rolling_months
        and late_pieces.event_piece = period_pieces.piece_start
inner join {{ ref('budget_type_periods') }} as type_periods
    on
        types.budget_type_id = type_periods.budget_type_id
        and period_pieces.period_type = type_periods.period_type
