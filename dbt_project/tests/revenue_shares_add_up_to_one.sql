-- Revenue shares of a contract, invoice or opportunity add up to 1, as they are known on the day.
-- Thirds are delivered as .3333, so a ten-thousandth is left to the primary rep; more would credit
-- an amount twice or not at all.
with context as (
    select * from {{ ref('int_core__context') }}
)

select
    splits.source_type,
    splits.source_id,
    sum(splits.share) as shares
from {{ ref('stg_canonical__credit_splits') }} as splits
cross join context
where
    splits.credit_type = 'revenue'
    and not splits.is_deleted
    and {{ known_at('splits', 'context.cut_off_utc') }}
group by splits.source_type, splits.source_id
having abs(sum(splits.share) - 1) > 0.0001
