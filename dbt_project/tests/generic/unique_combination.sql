{#- Fails with one row per combination of `columns` that occurs more than once. It groups: a window
    function over a large table costs several times as much. -#}
{% test unique_combination(model, columns) %}

select
    {{ columns | join(',\n    ') }},
    count(*) as occurrences
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
