{{
    config(
        materialized="incremental",
        pre_hook="{{ forget_older_generations() }}",
    )
}}

-- What the months that were open tonight, or at the base, hold for dates before them. The base's
-- generation stays beside tonight's, so that the two can be compared.
with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select
        context.as_of,
        case
            when context.is_full or context.base_as_of is null
                then coalesce(
                    min(case when not booking_months.is_closed then booking_months.month_start end),
                    context.as_of
                )
            else rebuild.rebuild_from
        end as kept_from
    from context
    cross join {{ ref('int_core__rebuild') }} as rebuild
    left join {{ ref('int_core__booking_months') }} as booking_months on 1 = 1
    group by context.as_of, context.is_full, context.base_as_of, rebuild.rebuild_from
)

select
    months.as_of,
    sums.booking_month,
    sums.event_piece,
    sums.budget_type_id,
    sums.part,
    sums.parameter_set_id,
    sums.rep_id,
    sums.team_id,
    sums.region_id,
    sums.campaign_id,
    sums.is_overlay,
    '' as distinct_key,
    sums.amount,
    sums.record_count,
    sums.missing_amounts
from months
inner join {{ ref('int_outcomes__sums') }} as sums
    on sums.booking_month >= months.kept_from and sums.event_piece < sums.booking_month

union all

select
    months.as_of,
    keys.booking_month,
    keys.event_piece,
    keys.budget_type_id,
    keys.part,
    keys.parameter_set_id,
    keys.rep_id,
    keys.team_id,
    keys.region_id,
    '' as campaign_id,
    false as is_overlay,
    keys.distinct_key,
    keys.amount,
    keys.record_count,
    cast(0 as bigint) as missing_amounts
from months
inner join {{ ref('int_outcomes__keys') }} as keys
    on keys.booking_month >= months.kept_from and keys.event_piece < keys.booking_month
