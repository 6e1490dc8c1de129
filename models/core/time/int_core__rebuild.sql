with context as (
    select
        case
            when is_full or base_as_of is null then cast('1900-01-01' as timestamp)
            else least(
                {{ local_midnight_utc('base_as_of') }},
                coalesce(change_recorded_from, {{ local_midnight_utc('base_as_of') }})
            )
        end as changed_from
    from {{ ref('int_core__context') }}
)

select
    context.changed_from,
    coalesce(min(months.month_start), cast('1900-01-01' as date)) as rebuild_from,
    coalesce(min(months.opens_at), cast('1900-01-01' as timestamp)) as rebuild_opens_at
from context
left join {{ ref('int_core__booking_months') }} as months
    on context.changed_from < months.closes_at
group by context.changed_from
