select
    budget_type_id,
    node_level,
    elapsed_share,
    {{ ratio('sum(absolute_error)', 'count(absolute_error)') }} as mape,
    count(absolute_error) as n
from {{ ref('int_scoring__judged_forecasts') }}
group by budget_type_id, node_level, elapsed_share
