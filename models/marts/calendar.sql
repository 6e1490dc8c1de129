select
    date_day,
    week_start,
    month_start,
    quarter_start,
    year_start,
    is_workday,
    workday_no
from {{ ref('int_core__dates') }}
