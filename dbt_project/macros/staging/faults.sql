{#-
    Why a delivered row is set aside. Each macro gives one branch of the case that `first_fault`
    makes: the first one that holds is the row's fault, written as `<reason_code>:<column>`.
    seeds/quarantine_reasons.csv says each reason in words. A typed column stands beside the text
    it was delivered as, `<column>_delivered`.
-#}

{#- The row's fault, or NULL for a good row. -#}
{% macro first_fault(branches) -%}
    case
    {%- for branch in branches %}
        {{ branch }}
    {%- endfor %}
    end
{%- endmacro %}


{#- A column of the key is empty: the row cannot be told from others. -#}
{% macro missing_key(column) -%}
    when {{ utfall.to_text(column ~ '_delivered') }} is null then 'missing_key:{{ column }}'
{%- endmacro %}


{#- A column without which the row is unusable is empty. -#}
{% macro missing_required(column) -%}
    when {{ utfall.to_text(column ~ '_delivered') }} is null then 'missing_required:{{ column }}'
{%- endmacro %}


{#- Something was delivered, but it is not of the column's type. -#}
{% macro cast_fault(type, column) -%}
    when {{ column }} is null and {{ utfall.to_text(column ~ '_delivered') }} is not null
            then 'cast_{{ type }}:{{ column }}'
{%- endmacro %}


{#- A number below the least that makes sense. -#}
{% macro too_small(column, least) -%}
    when {{ column }} < {{ least }} then 'too_small:{{ column }}'
{%- endmacro %}


{#- A value outside the column's list. -#}
{% macro not_allowed(column, values) -%}
    when {{ column }} not in ('{{ values | join("', '") }}') then 'not_allowed:{{ column }}'
{%- endmacro %}
