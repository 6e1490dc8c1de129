{{ config(materialized="incremental", pre_hook="{{ forget_touched_periods() }}") }}

with registry as (
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
        touched.campaign_id,
        period_pieces.piece_start,
        min(period_pieces.piece_start) over (
            partition by
                touched.budget_type_id,
                touched.basis,
                touched.period_type,
                touched.period_start,
                touched.campaign_id
        ) as first_piece
    from {{ ref('int_outcomes__touched_periods') }} as touched
    inner join registry on touched.budget_type_id = registry.budget_type_id
    inner join {{ ref('int_outcomes__period_pieces') }} as period_pieces
        on
            registry.rolling_months = period_pieces.rolling_months
            and touched.period_type = period_pieces.period_type
            and touched.period_start = period_pieces.period_start
            and touched.campaign_id = period_pieces.campaign_id
),

wanted_pieces as (
    select distinct
        budget_type_id,
        basis,
        piece_start
    from wanted
),

-- On an ordinary night most of the history is older than every piece that is wanted.
first_piece as (
    select min(piece_start) as piece_start
    from wanted
),

sums as (
    select *
    from {{ ref('int_outcomes__sums') }}
    where
        booking_piece >= (select first_piece.piece_start from first_piece)
        or event_piece >= (select first_piece.piece_start from first_piece)
),

keys as (
    select *
    from {{ ref('int_outcomes__keys') }}
    where
        booking_piece >= (select first_piece.piece_start from first_piece)
        or event_piece >= (select first_piece.piece_start from first_piece)
),

-- From here on series (a part of a type) and nodes are numbers: millions of rows are grouped by
-- them many times, and texts take ten times as long.
series as (
    select
        budget_type_id,
        part,
        parameter_set_id,
        row_number() over (order by budget_type_id, part, parameter_set_id) as series_no
    from (
        select
            budget_type_id,
            part,
            parameter_set_id
        from sums

        union

        select
            budget_type_id,
            part,
            parameter_set_id
        from keys
    ) as all_series
),

-- A place is a rep in a team and region.
places as (
    select
        rep_id,
        team_id,
        region_id,
        row_number() over (order by rep_id, team_id, region_id) as place_no
    from (
        select
            rep_id,
            team_id,
            region_id
        from sums

        union

        select
            rep_id,
            team_id,
            region_id
        from keys
    ) as all_places
),

place_nodes as (
    select
        places.place_no,
        node_levels.node_level,
        {{ node_id('places') }} as node_id
    from places
    cross join {{ node_levels() }}
),

nodes as (
    select
        node_level,
        node_id,
        row_number() over (order by node_level, node_id) as node_no
    from (
        select distinct
            node_level,
            node_id
        from place_nodes
    ) as all_nodes
),

numbered_places as (
    select
        place_nodes.place_no,
        place_nodes.node_level,
        nodes.node_no
    from place_nodes
    inner join nodes
        on
            place_nodes.node_level = nodes.node_level
            and place_nodes.node_id = nodes.node_id
),

numbered_wanted as (
    select
        series.series_no,
        wanted.basis,
        wanted.period_type,
        wanted.period_start,
        wanted.campaign_id,
        wanted.piece_start,
        wanted.first_piece
    from wanted
    inner join series on wanted.budget_type_id = series.budget_type_id
),

piece_sums as (
    select
        series.series_no,
        places.place_no,
        sums.is_overlay,
        'reported' as basis,
        sums.booking_piece as piece_start,
        sums.campaign_id,
        sum(sums.amount) as amount,
        sum(sums.record_count) as record_count,
        sum(sums.missing_amounts) as missing_amounts
    from sums
    inner join wanted_pieces
        on
            sums.budget_type_id = wanted_pieces.budget_type_id
            and sums.booking_piece = wanted_pieces.piece_start
            and wanted_pieces.basis = 'reported'
    inner join series
        on
            sums.budget_type_id = series.budget_type_id
            and sums.part = series.part
            and sums.parameter_set_id = series.parameter_set_id
    inner join places
        on
            sums.rep_id = places.rep_id
            and sums.team_id = places.team_id
            and sums.region_id = places.region_id
    group by 1, 2, 3, 4, 5, 6

    union all

    select
        series.series_no,
        places.place_no,
        sums.is_overlay,
        'restated' as basis,
        sums.event_piece as piece_start,
        sums.campaign_id,
        sum(sums.amount) as amount,
        sum(sums.record_count) as record_count,
        sum(sums.missing_amounts) as missing_amounts
    from sums
    inner join wanted_pieces
        on
            sums.budget_type_id = wanted_pieces.budget_type_id
            and sums.event_piece = wanted_pieces.piece_start
            and wanted_pieces.basis = 'restated'
    inner join series
        on
            sums.budget_type_id = series.budget_type_id
            and sums.part = series.part
            and sums.parameter_set_id = series.parameter_set_id
    inner join places
        on
            sums.rep_id = places.rep_id
            and sums.team_id = places.team_id
            and sums.region_id = places.region_id
    group by 1, 2, 3, 4, 5, 6
),

-- Overlay credit is seen in the rep's own figures and nowhere else.
node_sums as (
    select
        piece_sums.series_no,
        numbered_places.node_no,
        piece_sums.basis,
        piece_sums.piece_start,
        piece_sums.campaign_id,
        sum(piece_sums.amount) as amount,
        sum(piece_sums.record_count) as record_count,
        sum(piece_sums.missing_amounts) as missing_amounts
    from piece_sums
    inner join numbered_places on piece_sums.place_no = numbered_places.place_no
    where numbered_places.node_level = 'rep' or not piece_sums.is_overlay
    group by 1, 2, 3, 4, 5
),

summed as (
    select
        node_sums.series_no,
        node_sums.node_no,
        node_sums.basis,
        numbered_wanted.period_type,
        numbered_wanted.period_start,
        numbered_wanted.campaign_id,
        sum(node_sums.amount) as amount,
        sum(node_sums.record_count) as record_count,
        sum(node_sums.missing_amounts) as missing_amounts
    from node_sums
    inner join numbered_wanted
        on
            node_sums.series_no = numbered_wanted.series_no
            and node_sums.basis = numbered_wanted.basis
            and node_sums.piece_start = numbered_wanted.piece_start
            -- Of a campaign's period only what belongs to the campaign is part.
            and (
                numbered_wanted.campaign_id = ''
                or numbered_wanted.campaign_id = node_sums.campaign_id
            )
    group by 1, 2, 3, 4, 5, 6
),

repeated_keys as (
    select
        budget_type_id,
        part,
        parameter_set_id,
        distinct_key
    from keys
    group by 1, 2, 3, 4
    having count(*) > 1
),

all_entries as (
    select
        keys.budget_type_id,
        series.series_no,
        places.place_no,
        keys.booking_piece,
        keys.event_piece,
        keys.amount,
        keys.distinct_key,
        repeated_keys.distinct_key is null as is_lone
    from keys
    inner join series
        on
            keys.budget_type_id = series.budget_type_id
            and keys.part = series.part
            and keys.parameter_set_id = series.parameter_set_id
    inner join places
        on
            keys.rep_id = places.rep_id
            and keys.team_id = places.team_id
            and keys.region_id = places.region_id
    left join repeated_keys
        on
            keys.budget_type_id = repeated_keys.budget_type_id
            and keys.part = repeated_keys.part
            and keys.parameter_set_id = repeated_keys.parameter_set_id
            and keys.distinct_key = repeated_keys.distinct_key
),

-- A key that came in once is counted by adding up; only keys that came in more often have to be
-- told apart.
lone_counts as (
    select
        budget_type_id,
        series_no,
        place_no,
        booking_piece,
        event_piece,
        count(*) as keys
    from all_entries
    where is_lone and amount > 0
    group by 1, 2, 3, 4, 5
),

lone_pieces as (
    select
        lone_counts.series_no,
        numbered_places.node_no,
        'reported' as basis,
        lone_counts.booking_piece as piece_start,
        sum(lone_counts.keys) as keys
    from lone_counts
    inner join wanted_pieces
        on
            lone_counts.budget_type_id = wanted_pieces.budget_type_id
            and lone_counts.booking_piece = wanted_pieces.piece_start
            and wanted_pieces.basis = 'reported'
    inner join numbered_places on lone_counts.place_no = numbered_places.place_no
    group by 1, 2, 3, 4

    union all

    select
        lone_counts.series_no,
        numbered_places.node_no,
        'restated' as basis,
        lone_counts.event_piece as piece_start,
        sum(lone_counts.keys) as keys
    from lone_counts
    inner join wanted_pieces
        on
            lone_counts.budget_type_id = wanted_pieces.budget_type_id
            and lone_counts.event_piece = wanted_pieces.piece_start
            and wanted_pieces.basis = 'restated'
    inner join numbered_places on lone_counts.place_no = numbered_places.place_no
    group by 1, 2, 3, 4
),

-- A key that came late counts where it was booked, one that was withdrawn later stays where it
-- was counted. What came late and what was withdrawn in the same piece cancel out at each node: a
-- meeting that is corrected, or goes to a colleague, does not come a second time.
reported_keys as (
    select
        all_entries.series_no,
        numbered_places.node_no,
        all_entries.booking_piece as piece_start,
        all_entries.distinct_key,
        all_entries.event_piece < all_entries.booking_piece as is_late
    from all_entries
    inner join wanted_pieces
        on
            all_entries.budget_type_id = wanted_pieces.budget_type_id
            and all_entries.booking_piece = wanted_pieces.piece_start
            and wanted_pieces.basis = 'reported'
    inner join numbered_places on all_entries.place_no = numbered_places.place_no
    where not all_entries.is_lone
    group by 1, 2, 3, 4, 5
    having sum(all_entries.amount) > 0
),

-- With today's knowledge a key counts on its day, and only if it still stands.
node_keys as (
    select distinct
        series_no,
        node_no,
        'reported' as basis,
        piece_start,
        distinct_key
    from reported_keys

    union all

    select
        all_entries.series_no,
        numbered_places.node_no,
        'restated' as basis,
        all_entries.event_piece as piece_start,
        all_entries.distinct_key
    from all_entries
    inner join wanted_pieces
        on
            all_entries.budget_type_id = wanted_pieces.budget_type_id
            and all_entries.event_piece = wanted_pieces.piece_start
            and wanted_pieces.basis = 'restated'
    inner join numbered_places on all_entries.place_no = numbered_places.place_no
    where not all_entries.is_lone
    group by 1, 2, 3, 4, 5
    having sum(all_entries.amount) > 0
),

returns as (
    select
        series_no,
        node_no,
        basis,
        piece_start,
        lag(piece_start) over (
            partition by series_no, node_no, basis, distinct_key order by piece_start
        ) as previous_piece
    from node_keys
),

piece_counts as (
    select
        series_no,
        node_no,
        basis,
        piece_start,
        previous_piece,
        count(*) as keys
    from returns
    group by 1, 2, 3, 4, 5

    union all

    select
        series_no,
        node_no,
        basis,
        piece_start,
        cast(null as date) as previous_piece,
        keys
    from lone_pieces
),

-- Inside a period a key counts in the first piece that has it.
counted as (
    select
        piece_counts.series_no,
        piece_counts.node_no,
        piece_counts.basis,
        numbered_wanted.period_type,
        numbered_wanted.period_start,
        sum(
            case
                when
                    piece_counts.previous_piece is null
                    or piece_counts.previous_piece < numbered_wanted.first_piece
                    then piece_counts.keys
                else 0
            end
        ) as amount,
        sum(piece_counts.keys) as record_count
    from piece_counts
    inner join numbered_wanted
        on
            piece_counts.series_no = numbered_wanted.series_no
            and piece_counts.basis = numbered_wanted.basis
            and piece_counts.piece_start = numbered_wanted.piece_start
    group by 1, 2, 3, 4, 5
),

parts as (
    select
        series_no,
        node_no,
        basis,
        period_type,
        period_start,
        campaign_id,
        cast(amount as decimal(28, 4)) as amount,
        cast(record_count as bigint) as record_count,
        cast(missing_amounts as bigint) as missing_amounts
    from summed

    union all

    select
        series_no,
        node_no,
        basis,
        period_type,
        period_start,
        '' as campaign_id,
        cast(amount as decimal(28, 4)) as amount,
        cast(record_count as bigint) as record_count,
        cast(0 as bigint) as missing_amounts
    from counted
)

select
    series.budget_type_id,
    series.part,
    series.parameter_set_id,
    nodes.node_level,
    nodes.node_id,
    parts.basis,
    parts.period_type,
    parts.period_start,
    parts.campaign_id,
    parts.amount,
    parts.record_count,
    parts.missing_amounts
from parts
inner join series on parts.series_no = series.series_no
inner join nodes on parts.node_no = nodes.node_no
