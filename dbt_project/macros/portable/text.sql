{#- The texts of a group as one list, in a stated order; NULLs are left out. -#}
{% macro agg_list(expr, order_by, sep=', ') -%}
    {{ adapter.dispatch('agg_list', 'utfall')(expr, order_by, sep) }}
{%- endmacro %}

{% macro default__agg_list(expr, order_by, sep) -%}
    string_agg(cast({{ expr }} as varchar), '{{ sep }}' order by {{ order_by }})
{%- endmacro %}


{#- md5 over the text of several columns. NULL and '' differ, and so do ('a', 'bc') and ('ab', 'c'):
    the parts are joined by the unit separator, and NULL is the record separator. -#}
{% macro hash_key(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce(cast({{ column }} as varchar), chr(30)){{ " || chr(31) ||" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
