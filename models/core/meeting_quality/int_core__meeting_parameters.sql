-- The windows and thresholds of the types that judge meetings, side by side: the same judgement
-- stands behind the types and behind each meeting that is published.
{%- set parameters = [
    ('right_customer_meeting_share', 'horizon_days', 'investment_horizon_days'),
    ('loyal_customer_visit_share', 'window_days', 'loyal_window_days'),
    ('loyal_customer_visit_share', 'min_meetings', 'loyal_min_meetings'),
    ('meeting_to_next_step_rate', 'window_days', 'next_step_days'),
] %}

with parameters as (
    {% for budget_type_id, parameter, column_name in parameters -%}
        select
            '{{ column_name }}' as parameter_id,
            valid_from,
            valid_to,
            value
        from {{ ref('budget_type_parameters') }}
        where
            budget_type_id = '{{ budget_type_id }}'
            and parameter = '{{ parameter }}'
            and parameter_set_id = 'default'
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

changes as (
    select distinct valid_from
    from parameters
),

intervals as (
    select
        valid_from,
        coalesce(
            lead(valid_from) over (order by valid_from), cast('9999-12-31' as date)
        ) as valid_to
    from changes
),

dated as (
    select
        intervals.valid_from,
        intervals.valid_to,
        parameters.parameter_id,
        parameters.value
    from intervals
    inner join parameters
        on
            intervals.valid_from >= parameters.valid_from
            and intervals.valid_from < parameters.valid_to
)

select
    valid_from,
    valid_to,  -- noqa: LT02
    {%- for budget_type_id, parameter, column_name in parameters %}
    cast(max(case when parameter_id = '{{ column_name }}' then value end) as integer)
        as {{ column_name }}{{ "," if not loop.last }}  -- noqa: LT02
    {%- endfor %}
from dated
group by valid_from, valid_to
