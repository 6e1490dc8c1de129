{#-
    Lists and numbers in the JSON of a plan. The text is one that is_json_object() has found
    readable, or NULL: an engine stops at any other.
-#}

{#- Whether a text is an object whose keys are among `keys` and whose values have the form `value`,
    an expression for full_match. -#}
{% macro is_json_object(text, keys, value) -%}
    {%- set pair = '"(' ~ keys | join('|') ~ ')"\\s*:\\s*' ~ value -%}
    {{ utfall.full_match(text, '\\s*[{]\\s*(' ~ pair ~ '\\s*(,\\s*' ~ pair ~ '\\s*)*)?[}]\\s*') }}
{%- endmacro %}

{#- How many items the list under `key` has; 0 without one. -#}
{% macro json_list_length(text, key) -%}
    {{ adapter.dispatch('json_list_length', 'utfall')(text, key) }}
{%- endmacro %}

{% macro default__json_list_length(text, key) -%}
    cast(coalesce(json_array_length({{ text }}, concat('$.', {{ key }})), 0) as integer)
{%- endmacro %}

{% macro postgres__json_list_length(text, key) -%}
    cast(
        case when jsonb_typeof(cast({{ text }} as jsonb) -> {{ key }}) = 'array'
            then jsonb_array_length(cast({{ text }} as jsonb) -> {{ key }})
            else 0
        end
    as integer)
{%- endmacro %}

{#- Item `n`, from 0, of the list under `key` as text. -#}
{% macro json_list_item(text, key, n) -%}
    {{ adapter.dispatch('json_list_item', 'utfall')(text, key, n) }}
{%- endmacro %}

{% macro default__json_list_item(text, key, n) -%}
    json_extract_string({{ text }}, concat('$.', {{ key }}, '[', {{ n }}, ']'))
{%- endmacro %}

{% macro postgres__json_list_item(text, key, n) -%}
    (cast({{ text }} as jsonb) -> {{ key }} ->> {{ n }})
{%- endmacro %}

{#- The number under `key`; NULL without one. -#}
{% macro json_number(text, key) -%}
    {{ adapter.dispatch('json_number', 'utfall')(text, key) }}
{%- endmacro %}

{% macro default__json_number(text, key) -%}
    cast(json_extract_string({{ text }}, concat('$.', {{ key }})) as decimal(18, 10))
{%- endmacro %}

{% macro postgres__json_number(text, key) -%}
    cast(cast({{ text }} as jsonb) ->> {{ key }} as numeric(18, 10))
{%- endmacro %}
