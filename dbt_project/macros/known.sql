{#-
    What a model knows of its parents when it runs. A value that stands in the SQL is handed down
    through views and unions to the tables, of which both engines then read only the part that is
    wanted, and leaves out budget types that nobody asks for; a query in its place is compared with all
    rows at the end. Elsewhere (compiled SQL, unit tests) the query itself stands there: the rows are
    the same. A model is rendered before its pre-hook has made room, so a query may not ask the model's
    own table what is left to do.
-#}

{#- The values in the only column of `query`, which reads `relations`; none where no model runs. -#}
{% macro found_now(query, relations) -%}
    {%- set fixtures = relations | selectattr('is_cte') | list -%}
    {%- if execute and flags.WHICH in ('run', 'build') and not fixtures -%}
        {{ return(run_query(query).columns[0].values() | list) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#- A text or a date as SQL. -#}
{% macro literal(value) -%}
    {%- if value is string -%}
        '{{ value | replace("'", "''") }}'
    {%- else -%}
        cast('{{ value }}' as date)
    {%- endif -%}
{%- endmacro %}

{#- Condition: `column`, a text or a date, is among what `query` finds. -#}
{% macro is_among(column, query, relations) -%}
    {%- set found = found_now(query, relations) -%}
    {%- if found is none -%}
        {{ column }} in ({{ query }})
    {%- elif not found -%}
        1 = 0
    {%- else -%}
        {{ column }} in (
            {%- for value in found %}{{ literal(value) }}{{ ", " if not loop.last }}{% endfor -%}
        )
    {%- endif -%}
{%- endmacro %}
