{{
    config(
        materialized="incremental",
        on_schema_change="fail",
        pre_hook="{{ forget_touched_periods(periods_of='int_outcomes__dimension_periods') }}",
    )
}}

with types as (
    select * from {{ ref('int_outcomes__dimension_types') }}
),

periods as (
    select
        period_type,
        period_start,
        campaign_id,
        period_end
    from {{ ref('int_core__periods') }}

    union all

    select
        'snapshot' as period_type,
        as_of as period_start,
        '' as campaign_id,
        {{ add_days('as_of', 1) }} as period_end
    from {{ ref('int_core__context') }}
),

touched as (
    select
        touched.budget_type_id,
        touched.period_type,
        touched.period_start,
        touched.campaign_id,
        types.rolling_months
    from {{ ref('int_outcomes__dimension_periods') }} as touched
    inner join types on touched.budget_type_id = types.budget_type_id
),

wanted as (
    select
        touched.budget_type_id,
        touched.period_type,
        touched.period_start,
        touched.campaign_id,
        period_pieces.piece_start
    from touched
    inner join {{ ref('int_outcomes__period_pieces') }} as period_pieces
        on
            touched.rolling_months = period_pieces.rolling_months
            and touched.period_type = period_pieces.period_type
            and touched.period_start = period_pieces.period_start
            and touched.campaign_id = period_pieces.campaign_id
),

-- On an ordinary night most of the history is older than every piece that is wanted.
first_piece as (
    select min(piece_start) as piece_start
    from wanted
),

piece_sums as (
    select
        budget_type_id,
        part,
        parameter_set_id,
        event_piece,
        campaign_id,
        dimension,
        member_id,
        sum(amount) as amount,
        sum(record_count) as record_count,
        sum(missing_amounts) as missing_amounts
    from {{ ref('int_outcomes__dimension_sums') }}
    where event_piece >= (select first_piece.piece_start from first_piece)
    group by 1, 2, 3, 4, 5, 6, 7
),

summed as (
    select
        piece_sums.budget_type_id,
        piece_sums.part,
        piece_sums.parameter_set_id,
        wanted.period_type,
        wanted.period_start,
        wanted.campaign_id,
        piece_sums.dimension,
        piece_sums.member_id,
        cast(sum(piece_sums.amount) as decimal(28, 4)) as amount,
        cast(sum(piece_sums.record_count) as bigint) as record_count,
        cast(sum(piece_sums.missing_amounts) as bigint) as missing_amounts
    from piece_sums
    inner join wanted
        on
            piece_sums.budget_type_id = wanted.budget_type_id
            and piece_sums.event_piece = wanted.piece_start
            -- Of a campaign's period only what belongs to the campaign is part.
            and (wanted.campaign_id = '' or wanted.campaign_id = piece_sums.campaign_id)
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

-- With today's knowledge a key counts on its day, where it was, and only if it still stands.
keys as (
    select
        entries.budget_type_id,
        entries.part,
        entries.parameter_set_id,
        entries.event_piece,
        dimensions.dimension,
        {{ member_id('entries') }} as member_id,
        entries.distinct_key
    from {{ ref('int_outcomes__dimension_keys') }} as entries
    cross join {{ dimensions() }}
    where entries.event_piece >= (select first_piece.piece_start from first_piece)
    group by 1, 2, 3, 4, 5, 6, 7
    having sum(entries.amount) > 0
),

counted as (
    select
        keys.budget_type_id,
        keys.part,
        keys.parameter_set_id,
        wanted.period_type,
        wanted.period_start,
        wanted.campaign_id,
        keys.dimension,
        keys.member_id,
        cast(count(distinct keys.distinct_key) as decimal(28, 4)) as amount,
        cast(count(*) as bigint) as record_count,
        cast(0 as bigint) as missing_amounts
    from keys
    inner join wanted
        on
            keys.budget_type_id = wanted.budget_type_id
            and keys.event_piece = wanted.piece_start
            -- What is counted once belongs to no campaign, as in `outcomes`.
            and wanted.campaign_id = ''
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

evaluations as (
    select
        components.*,
        touched.campaign_id as period_campaign_id
    from {{ ref('int_budget_types__components') }} as components
    inner join touched
        on
            components.budget_type_id = touched.budget_type_id
            and components.period_type = touched.period_type
            and components.period_start = touched.period_start
            and case
                when components.period_type = 'campaign' then coalesce(components.campaign_id, '')
                else ''
            end = touched.campaign_id
    where components.as_of is not null
),

-- What a rep costs has no area of its own: it falls where the rep's time goes.
evaluated_rows as (
    select
        evaluations.budget_type_id,
        evaluations.part,
        evaluations.parameter_set_id,
        evaluations.period_type,
        evaluations.period_start,
        evaluations.period_campaign_id,
        dimensions.dimension,
        {{ member_id('evaluations') }} as member_id,
        evaluations.amount,
        evaluations.distinct_key
    from evaluations
    cross join {{ dimensions() }}
    where evaluations.record_type <> 'rep_costs'

    union all

    select
        evaluations.budget_type_id,
        evaluations.part,
        evaluations.parameter_set_id,
        evaluations.period_type,
        evaluations.period_start,
        evaluations.period_campaign_id,
        shares.dimension,
        shares.member_id,
        shares.yearly_cost as amount,
        evaluations.distinct_key
    from evaluations
    inner join {{ ref('int_core__costs_by_dimension') }} as shares
        on evaluations.rep_id = shares.rep_id
    where evaluations.record_type = 'rep_costs'
),

evaluated as (
    select
        evaluated_rows.budget_type_id,
        evaluated_rows.part,
        evaluated_rows.parameter_set_id,
        evaluated_rows.period_type,
        evaluated_rows.period_start,
        evaluated_rows.period_campaign_id as campaign_id,
        evaluated_rows.dimension,
        evaluated_rows.member_id,
        case
            when min(parts.over_reps) = 'distinct'
                then cast(count(distinct evaluated_rows.distinct_key) as decimal(28, 4))
            else cast(sum(evaluated_rows.amount) as decimal(28, 4))
        end as amount,
        count(*) as record_count,
        count(*) - count(evaluated_rows.amount) as missing_amounts
    from evaluated_rows
    inner join {{ ref('budget_type_parts') }} as parts
        on
            evaluated_rows.budget_type_id = parts.budget_type_id
            and evaluated_rows.part = parts.part
    group by 1, 2, 3, 4, 5, 6, 7, 8
),

all_parts as (
    select * from summed
    union all
    select * from counted
    union all
    select * from evaluated
),

pivoted as (
    select
        budget_type_id,
        parameter_set_id,
        period_type,
        period_start,
        campaign_id,
        dimension,
        member_id,
        coalesce(max(case when part = 'numerator' then amount end), 0) as numerator,
        coalesce(max(case when part = 'denominator' then amount end), 0) as denominator,
        max(case when part = 'n' then amount end) as n,
        sum(record_count) as record_count,
        sum(missing_amounts) as missing_amounts
    from all_parts
    group by 1, 2, 3, 4, 5, 6, 7
),

measured as (
    select
        pivoted.*,
        types.is_divided,
        types.scale,
        case
            when pivoted.missing_amounts > 0 then 'missing_rate'
            when types.is_divided and pivoted.denominator <= 0 then 'zero_denominator'
            when types.is_divided and coalesce(pivoted.n, pivoted.denominator) < types.min_n
                then 'insufficient_n'
        end as reason_code
    from pivoted
    inner join types on pivoted.budget_type_id = types.budget_type_id
),

final as (
    select
        cast(measured.budget_type_id as varchar) as budget_type_id,
        cast(measured.parameter_set_id as varchar) as parameter_set_id,
        cast(measured.dimension as varchar) as dimension,
        cast(measured.member_id as varchar) as member_id,
        cast('restated' as varchar) as basis,
        cast(measured.period_type as varchar) as period_type,
        measured.period_start,
        periods.period_end,
        cast(nullif(measured.campaign_id, '') as varchar) as campaign_id,
        cast(measured.numerator as decimal(28, 4)) as numerator,
        cast(case when measured.is_divided then measured.denominator end as decimal(28, 4))
            as denominator,
        cast(
            case
                when measured.reason_code is not null then null
                when measured.is_divided
                    then {{ ratio(
                        'measured.numerator * measured.scale', 'measured.denominator', decimals=4
                    ) }}
                -- Not wider than the ratio, which would lose decimals to it.
                else cast(measured.numerator * measured.scale as decimal(28, 10))
            end as decimal(28, 10)
        ) as value,
        cast(measured.record_count as bigint) as record_count,
        cast(measured.reason_code as varchar) as reason_code
    from measured
    inner join periods
        on
            measured.period_type = periods.period_type
            and measured.period_start = periods.period_start
            and measured.campaign_id = periods.campaign_id
)

select * from final
