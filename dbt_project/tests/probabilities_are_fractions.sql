-- A probability of winning is a fraction. One outside 0 to 1 is probably a percent that its source
-- does not turn into a fraction; such an opportunity weighs nothing until it does.
{{ config(severity="warn") }}

with context as (
    select * from {{ ref('int_core__context') }}
)

select
    opportunities.source_system,
    opportunities.opportunity_id,
    opportunities.owner_rep_id,
    opportunities.probability
from {{ ref('stg_canonical__opportunities') }} as opportunities
cross join context
where
    {{ known_at('opportunities', 'context.cut_off_utc') }}
    and not opportunities.is_deleted
    and opportunities.probability not between 0 and 1
