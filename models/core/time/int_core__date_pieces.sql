with dates as (
    select * from {{ ref('int_core__dates') }}
),

periods as (
    select * from {{ ref('int_core__periods') }}
),

borders as (
    select month_start as border from dates
    union
    select week_start as border from dates
    union
    select period_start as border from periods
    union
    select period_end as border from periods
)

select
    dates.date_day,
    max(borders.border) over (
        order by dates.date_day rows between unbounded preceding and current row
    ) as piece_start
from dates
left join borders on dates.date_day = borders.border
