{#- Fails with one row per fault, and says in `problem` what it is: a column of `filled` without a
    value, a column of `values` with another than those listed, a `key` that is there more than once.
    One test a table: a night runs hundreds of them, and most of what a small one costs is not its
    SQL. The key is grouped: a window function over a large table costs several times as much. -#}
{% test sound_rows(model, key=[], filled=[], values={}) %}

{%- set faults = [] %}
{%- for column in filled %}
    {%- do faults.append([column ~ " is null", column ~ " has no value"]) %}
{%- endfor %}
{%- for column, listed in values.items() %}
    {%- set literals = [] %}
    {%- for value in listed %}
        {%- do literals.append("'" ~ value ~ "'" if value is string else value | string) %}
    {%- endfor %}
    {%- do faults.append(
        [column ~ " not in (" ~ literals | join(", ") ~ ")", column ~ " has a value that is not listed"]
    ) %}
{%- endfor %}
{%- if not faults and not key %}
    {{- exceptions.raise_compiler_error("sound_rows of " ~ model ~ " asks for nothing") }}
{%- endif %}
{%- if faults %}
select case{% for condition, problem in faults %} when {{ condition }} then '{{ problem }}'
    {%- endfor %} end as problem
from {{ model }}
where {% for condition, _ in faults %}{{ condition }}{{ " or " if not loop.last }}{% endfor %}
{%- endif %}
{%- if faults and key %}

union all
{% endif %}
{%- if key %}
select '{{ key | join(", ") }} is there more than once' as problem
from {{ model }}
group by {{ key | join(", ") }}
having count(*) > 1
{%- endif %}

{% endtest %}
