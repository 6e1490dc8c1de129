select
    rep_id,
    cost_month,
    -- Without a rate for all of it the cost is unknown, not less.
    cast(case when count(amount) = count(*) then sum(amount) end as decimal(18, 4)) as amount
from {{ ref('fct_rep_costs_by_type') }}
group by rep_id, cost_month
