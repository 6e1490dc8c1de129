{#- Fails with the rows in which one of `columns` has no value. One query a model: a night runs
    hundreds of these, and most of what a small one costs is not its SQL. -#}
{% test filled_columns(model, columns) %}

select {{ columns | join(', ') }}
from {{ model }}
where {% for column in columns %}{{ column }} is null{{ " or " if not loop.last }}{% endfor %}

{% endtest %}
