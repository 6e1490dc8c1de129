with registry as (
    select budget_type_id from {{ ref('budget_type_registry') }}
),

shares as (
    select elapsed_share from {{ ref('forecast_shares') }}
),

judged as (
    select
        budget_type_id,
        elapsed_share,
        sum(absolute_error) as absolute_error,
        count(absolute_error) as n,
        count(*) as periods
    from {{ ref('int_scoring__judged_forecasts') }}
    group by budget_type_id, elapsed_share
)

select
    cast(registry.budget_type_id as varchar) as budget_type_id,
    cast(shares.elapsed_share as decimal(28, 10)) as elapsed_share,
    {{ ratio('judged.absolute_error', 'judged.n') }} as mape,
    cast(coalesce(judged.n, 0) as bigint) as n,
    cast(
        case
            when judged.periods is null then 'no_closed_period'
            when judged.n = 0 then 'zero_denominator'
        end as varchar
    ) as reason_code
from registry
cross join shares
left join judged
    on
        registry.budget_type_id = judged.budget_type_id
        and shares.elapsed_share = judged.elapsed_share
