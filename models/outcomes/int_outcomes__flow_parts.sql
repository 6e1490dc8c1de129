with sums as (
    select * from {{ ref('int_outcomes__sums') }}
),

keys as (
    select * from {{ ref('int_outcomes__keys') }}
),

period_pieces as (
    select * from {{ ref('int_outcomes__period_pieces') }}
),

registry as (
    select
        budget_type_id,
        coalesce(rolling_months, 0) as rolling_months
    from {{ ref('budget_type_registry') }}
),

-- Overlay credit is seen in the rep's own figures and nowhere else.
node_sums as (
    select
        sums.budget_type_id,
        sums.part,
        sums.parameter_set_id,
        node_levels.node_level,
        {{ node_id('sums') }} as node_id,
        sums.booking_piece,
        sums.event_piece,
        sum(sums.amount) as amount,
        sum(sums.record_count) as record_count,
        sum(sums.missing_amounts) as missing_amounts
    from sums
    cross join {{ node_levels() }}
    where node_levels.node_level = 'rep' or not sums.is_overlay
    group by 1, 2, 3, 4, 5, 6, 7
),

summed as (
    select
        node_sums.budget_type_id,
        node_sums.part,
        node_sums.parameter_set_id,
        node_sums.node_level,
        node_sums.node_id,
        'reported' as basis,
        period_pieces.period_type,
        period_pieces.period_start,
        sum(node_sums.amount) as amount,
        sum(node_sums.record_count) as record_count,
        sum(node_sums.missing_amounts) as missing_amounts
    from node_sums
    inner join registry on node_sums.budget_type_id = registry.budget_type_id
    inner join period_pieces
        on
            node_sums.booking_piece = period_pieces.piece_start
            and registry.rolling_months = period_pieces.rolling_months
    group by 1, 2, 3, 4, 5, 6, 7, 8

    union all

    select
        node_sums.budget_type_id,
        node_sums.part,
        node_sums.parameter_set_id,
        node_sums.node_level,
        node_sums.node_id,
        'restated' as basis,
        period_pieces.period_type,
        period_pieces.period_start,
        sum(node_sums.amount) as amount,
        sum(node_sums.record_count) as record_count,
        sum(node_sums.missing_amounts) as missing_amounts
    from node_sums
    inner join registry on node_sums.budget_type_id = registry.budget_type_id
    inner join period_pieces
        on
            node_sums.event_piece = period_pieces.piece_start
            and registry.rolling_months = period_pieces.rolling_months
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

-- A key that came late counts where it was booked, one that was withdrawn later stays there;
-- with today's knowledge it counts on its day, and only if it still stands.
node_keys as (
    select distinct
        keys.budget_type_id,
        keys.part,
        keys.parameter_set_id,
        node_levels.node_level,
        {{ node_id('keys') }} as node_id,
        'reported' as basis,
        keys.booking_piece as piece_start,
        keys.distinct_key
    from keys
    cross join {{ node_levels() }}
    where keys.amount > 0

    union all

    select
        keys.budget_type_id,
        keys.part,
        keys.parameter_set_id,
        node_levels.node_level,
        {{ node_id('keys') }} as node_id,
        'restated' as basis,
        keys.event_piece as piece_start,
        keys.distinct_key
    from keys
    cross join {{ node_levels() }}
    group by 1, 2, 3, 4, 5, 6, 7, 8
    having sum(keys.amount) > 0
),

counted as (
    select
        node_keys.budget_type_id,
        node_keys.part,
        node_keys.parameter_set_id,
        node_keys.node_level,
        node_keys.node_id,
        node_keys.basis,
        period_pieces.period_type,
        period_pieces.period_start,
        count(distinct node_keys.distinct_key) as amount,
        count(*) as record_count
    from node_keys
    inner join registry on node_keys.budget_type_id = registry.budget_type_id
    inner join period_pieces
        on
            node_keys.piece_start = period_pieces.piece_start
            and registry.rolling_months = period_pieces.rolling_months
    group by 1, 2, 3, 4, 5, 6, 7, 8
)

select
    budget_type_id,
    part,
    parameter_set_id,
    node_level,
    node_id,
    basis,
    period_type,
    period_start,
    cast(amount as decimal(28, 4)) as amount,
    cast(record_count as bigint) as record_count,
    cast(missing_amounts as bigint) as missing_amounts
from summed

union all

select
    budget_type_id,
    part,
    parameter_set_id,
    node_level,
    node_id,
    basis,
    period_type,
    period_start,
    cast(amount as decimal(28, 4)) as amount,
    cast(record_count as bigint) as record_count,
    cast(0 as bigint) as missing_amounts
from counted
