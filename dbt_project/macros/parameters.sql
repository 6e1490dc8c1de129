{#-
    Rows of the parameters of a seed (parameter_id, valid_from, value): one per interval of days in
    which none of them changes, a column for each name. The interval is half open.
-#}
{% macro parameters_over_time(seed, names, type) %}
with parameters as (
    select * from {{ ref(seed) }}
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
    {%- for name in names %}
    cast(max(case when parameter_id = '{{ name }}' then value end) as {{ type }})
        as {{ name }}{{ "," if not loop.last }}
    {%- endfor %}
from dated
where newest = 1
group by valid_from, valid_to
{% endmacro %}
