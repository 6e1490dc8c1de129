with trend as (
    select * from {{ ref('int_scoring__trend') }}
)

select
    cast(kpi_id as varchar) as kpi_id,
    cast(node_level as varchar) as node_level,
    cast(node_id as varchar) as node_id,
    day,
    cast(budget_type_id as varchar) as budget_type_id,
    period_start,
    period_end,
    cast(actual_cum as decimal(28, 10)) as actual_cum,
    cast(expected_cum as decimal(28, 10)) as expected_cum,
    cast(forecast_cum as decimal(28, 10)) as forecast_cum,
    cast(forecast_low as decimal(28, 10)) as forecast_low,
    cast(forecast_high as decimal(28, 10)) as forecast_high,
    cast(target as decimal(28, 4)) as target,
    is_checkpoint
from trend
