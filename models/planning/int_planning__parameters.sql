with parameters as (
    select * from {{ ref('planning_parameters') }}
),

changes as (
    select distinct valid_from
    from parameters
),

intervals as (
    select
        valid_from,
        coalesce(
            lead(valid_from) over (order by valid_from),
            cast('9999-12-31' as date)
        ) as valid_to
    from changes
),

dated as (
    select
        intervals.valid_from,
        intervals.valid_to,
        parameters.parameter_id,
        parameters.value,
        row_number() over (
            partition by intervals.valid_from, parameters.parameter_id
            order by parameters.valid_from desc
        ) as newest
    from intervals
    inner join parameters on intervals.valid_from >= parameters.valid_from
)

select
    valid_from,
    valid_to,
    {%- for parameter in [
        'minimum_margin_per_rep_month',
        'over_assignment_warning',
        'stretch_spread_warning',
        'attainable_growth',
        'attainable_share',
        'history_years',
        'full_day_hours',
        'week_workdays',
        'revenue_months',
        'consistency_tolerance',
    ] %}
    cast(max(case when parameter_id = '{{ parameter }}' then value end) as decimal(18, 4))
        as {{ parameter }}{{ "," if not loop.last }}  -- noqa: LT02
    {%- endfor %}
from dated
where newest = 1
group by valid_from, valid_to
