-- An open opportunity whose expected close has passed is in no forecast: weighted pipeline and
-- pipeline coverage leave it out until its owner says when it is expected now.
{{ config(severity="warn") }}

with context as (
    select * from {{ ref('int_core__context') }}
)

select
    opportunities.rep_id,
    count(*) as overdue_opportunities,
    sum(opportunities.amount) as overdue_amount
from {{ ref('int_core__opportunities') }} as opportunities
cross join context
where
    opportunities.is_open
    and coalesce(opportunities.expected_close_date < context.as_of, true)
group by opportunities.rep_id
