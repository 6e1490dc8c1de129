{{ config(materialized="incremental", pre_hook="{{ forget_touched_periods() }}") }}

with sums as (
    select * from {{ ref('int_outcomes__sums') }}
),

keys as (
    select * from {{ ref('int_outcomes__keys') }}
),

registry as (
    select
        budget_type_id,
        coalesce(rolling_months, 0) as rolling_months
    from {{ ref('budget_type_registry') }}
),

-- Every period to be computed, with the pieces it is put together from.
wanted as (
    select
        touched.budget_type_id,
        touched.basis,
        touched.period_type,
        touched.period_start,
        period_pieces.piece_start
    from {{ ref('int_outcomes__touched_periods') }} as touched
    inner join registry on touched.budget_type_id = registry.budget_type_id
    inner join {{ ref('int_outcomes__period_pieces') }} as period_pieces
        on
            registry.rolling_months = period_pieces.rolling_months
            and touched.period_type = period_pieces.period_type
            and touched.period_start = period_pieces.period_start
),

wanted_pieces as (
    select distinct
        budget_type_id,
        basis,
        piece_start
    from wanted
),

-- Overlay credit is seen in the rep's own figures and nowhere else.
node_sums as (
    select
        sums.budget_type_id,
        sums.part,
        sums.parameter_set_id,
        node_levels.node_level,
        {{ node_id('sums') }} as node_id,
        'reported' as basis,
        sums.booking_piece as piece_start,
        sum(sums.amount) as amount,
        sum(sums.record_count) as record_count,
        sum(sums.missing_amounts) as missing_amounts
    from sums
    inner join wanted_pieces
        on
            sums.budget_type_id = wanted_pieces.budget_type_id
            and sums.booking_piece = wanted_pieces.piece_start
            and wanted_pieces.basis = 'reported'
    cross join {{ node_levels() }}
    where node_levels.node_level = 'rep' or not sums.is_overlay
    group by 1, 2, 3, 4, 5, 6, 7

    union all

    select
        sums.budget_type_id,
        sums.part,
        sums.parameter_set_id,
        node_levels.node_level,
        {{ node_id('sums') }} as node_id,
        'restated' as basis,
        sums.event_piece as piece_start,
        sum(sums.amount) as amount,
        sum(sums.record_count) as record_count,
        sum(sums.missing_amounts) as missing_amounts
    from sums
    inner join wanted_pieces
        on
            sums.budget_type_id = wanted_pieces.budget_type_id
            and sums.event_piece = wanted_pieces.piece_start
            and wanted_pieces.basis = 'restated'
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
        node_sums.basis,
        wanted.period_type,
        wanted.period_start,
        sum(node_sums.amount) as amount,
        sum(node_sums.record_count) as record_count,
        sum(node_sums.missing_amounts) as missing_amounts
    from node_sums
    inner join wanted
        on
            node_sums.budget_type_id = wanted.budget_type_id
            and node_sums.basis = wanted.basis
            and node_sums.piece_start = wanted.piece_start
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
    inner join wanted_pieces
        on
            keys.budget_type_id = wanted_pieces.budget_type_id
            and keys.booking_piece = wanted_pieces.piece_start
            and wanted_pieces.basis = 'reported'
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
    inner join wanted_pieces
        on
            keys.budget_type_id = wanted_pieces.budget_type_id
            and keys.event_piece = wanted_pieces.piece_start
            and wanted_pieces.basis = 'restated'
    cross join {{ node_levels() }}
    group by 1, 2, 3, 4, 5, 6, 7, 8
    having sum(keys.amount) > 0
),

-- A key that was seen in one piece only is counted by adding up; only keys that come back have to
-- be told apart inside a period.
key_spans as (
    select
        node_keys.*,
        min(node_keys.piece_start) over by_key as first_piece,
        max(node_keys.piece_start) over by_key as last_piece
    from node_keys
    window by_key as (
        partition by
            budget_type_id, part, parameter_set_id, node_level, node_id, basis, distinct_key
    )
),

piece_counts as (
    select
        budget_type_id,
        part,
        parameter_set_id,
        node_level,
        node_id,
        basis,
        piece_start,
        count(*) as keys
    from key_spans
    where first_piece = last_piece
    group by 1, 2, 3, 4, 5, 6, 7
),

period_counts as (
    select
        piece_counts.budget_type_id,
        piece_counts.part,
        piece_counts.parameter_set_id,
        piece_counts.node_level,
        piece_counts.node_id,
        piece_counts.basis,
        wanted.period_type,
        wanted.period_start,
        sum(piece_counts.keys) as amount,
        sum(piece_counts.keys) as record_count
    from piece_counts
    inner join wanted
        on
            piece_counts.budget_type_id = wanted.budget_type_id
            and piece_counts.basis = wanted.basis
            and piece_counts.piece_start = wanted.piece_start
    group by 1, 2, 3, 4, 5, 6, 7, 8

    union all

    select
        key_spans.budget_type_id,
        key_spans.part,
        key_spans.parameter_set_id,
        key_spans.node_level,
        key_spans.node_id,
        key_spans.basis,
        wanted.period_type,
        wanted.period_start,
        count(distinct key_spans.distinct_key) as amount,
        count(*) as record_count
    from key_spans
    inner join wanted
        on
            key_spans.budget_type_id = wanted.budget_type_id
            and key_spans.basis = wanted.basis
            and key_spans.piece_start = wanted.piece_start
    where key_spans.first_piece < key_spans.last_piece
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

counted as (
    select
        budget_type_id,
        part,
        parameter_set_id,
        node_level,
        node_id,
        basis,
        period_type,
        period_start,
        sum(amount) as amount,
        sum(record_count) as record_count
    from period_counts
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
