with pieces as (
    select distinct piece_start
    from {{ ref('int_core__date_pieces') }}
),

windows as (
    select distinct coalesce(rolling_months, 0) as rolling_months
    from {{ ref('budget_type_registry') }}
),

periods as (
    select
        windows.rolling_months,
        periods.period_type,
        periods.period_start,
        periods.campaign_id,
        periods.evaluated_to,
        case
            when windows.rolling_months = 0 then periods.period_start
            else {{ add_months('periods.period_end', '-windows.rolling_months') }}
        end as window_start
    from {{ ref('int_core__periods') }} as periods
    cross join windows
    where
        windows.rolling_months = 0
        -- A rolling window ends with whole months.
        or periods.period_type in ('month', 'quarter', 'year')
)

select
    periods.rolling_months,
    periods.period_type,
    periods.period_start,
    periods.campaign_id,
    pieces.piece_start
from periods
inner join pieces
    on
        pieces.piece_start >= least(periods.window_start, periods.period_start)
        and periods.evaluated_to > pieces.piece_start
