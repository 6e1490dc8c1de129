{#-
    Delivered text to typed values. Text is trimmed and empty text is NULL. A value that is not of
    its type becomes NULL here, and `cast_fault` says so, so that the row is set aside with a reason
    instead of being read as empty. Engines cast leniently ('2026/3/2', 'epoch', '1_000', '2.5' as
    an integer, an offset that is dropped): the form is checked before the engine's cast.
-#}

{% macro to_text(column) -%}
    {{ adapter.dispatch('to_text', 'utfall')(column) }}
{%- endmacro %}

{#- Trimming copies every text: only the few that need it are trimmed. -#}
{% macro default__to_text(column) -%}
    nullif(
        case
            when starts_with({{ column }}, ' ') or ends_with({{ column }}, ' ')
                then trim({{ column }})
            else {{ column }}
        end,
    '')
{%- endmacro %}

{% macro postgres__to_text(column) -%}
    nullif(trim({{ column }}), '')
{%- endmacro %}


{#- A whole number, with or without sign: bigint. -#}
{% macro to_int(column) -%}
    case
        when {{ utfall.full_match(utfall.to_text(column), '[+-]?[0-9]+') }}
            then {{ utfall.cast_or_null(utfall.to_text(column), 'bigint') }}
    end
{%- endmacro %}


{#- A number with a decimal point, or exponent as JSON writes it, rounded half away from zero to
    4 decimals: decimal(18,4). A decimal comma or a thousands separator is a fault. -#}
{% macro to_decimal(column) -%}
    {{ utfall.to_number(column, 'decimal(18, 4)') }}
{%- endmacro %}


{#- Shares, rates and weights: as to_decimal with 10 decimals, decimal(18,10). -#}
{% macro to_share(column) -%}
    {{ utfall.to_number(column, 'decimal(18, 10)') }}
{%- endmacro %}

{% macro to_number(column, type) -%}
    {{ adapter.dispatch('to_number', 'utfall')(column, type) }}
{%- endmacro %}

{#- DuckDB's own cast refuses everything but digits, sign, point, exponent and spaces around them,
    and the underscore between digits, which it takes: one search for that is ten times cheaper
    than a pattern. -#}
{% macro default__to_number(column, type) -%}
    case when not contains({{ column }}, '_') then {{ utfall.cast_or_null(column, type) }} end
{%- endmacro %}

{#- The outer cast gives the expression its digits, which a case of Postgres does not keep. -#}
{% macro postgres__to_number(column, type) -%}
    cast(case
        when {{ utfall.full_match(
            utfall.to_text(column), '[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?'
        ) }}
            then {{ utfall.cast_or_null(utfall.to_text(column), type) }}
    end as {{ type }})
{%- endmacro %}


{#- An ISO date that exists, YYYY-MM-DD, of our era. -#}
{% macro to_date(column) -%}
    {{ adapter.dispatch('to_date', 'utfall')(column) }}
{%- endmacro %}

{#- The first branch spares all but odd rows the trimming. -#}
{% macro default__to_date(column) -%}
    case
        when {{ column }} like '____-__-__' and {{ column }} > '0001'
            then {{ utfall.cast_or_null(column, 'date') }}
        when trim({{ column }}) like '____-__-__' and trim({{ column }}) > '0001'
            then {{ utfall.cast_or_null("trim(" ~ column ~ ")", 'date') }}
    end
{%- endmacro %}

{% macro postgres__to_date(column) -%}
    {%- set text = "trim(" ~ column ~ ")" -%}
    case
        when {{ utfall.full_match(text, '[0-9]{4}-[0-9]{2}-[0-9]{2}') }}
            then {{ utfall.cast_or_null(text, 'date') }}
    end
{%- endmacro %}


{#- An ISO timestamp as UTC without zone, of which microseconds are kept. With Z or an offset it is
    converted, without one it is UTC already; a date alone is its 00:00 UTC. -#}
{% macro to_timestamp(column) -%}
    {{ adapter.dispatch('to_timestamp', 'utfall')(column) }}
{%- endmacro %}

{#- The first branch is the usual form, which needs no pattern: what does not exist is NULL either
    way. -#}
{% macro default__to_timestamp(column) -%}
    {%- set moment = '[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}'
        ~ '(:[0-9]{2}([.][0-9]{1,9})?)?' -%}
    {%- set text = "trim(" ~ column ~ ")" -%}
    case
        when {{ text }} < '0001' then null
        when {{ column }} like '____-__-__T__:__:__Z'
            then {{ utfall.cast_or_null(column, 'timestamp') }}
        when {{ utfall.full_match(text, moment ~ 'Z?') }}
            then {{ utfall.cast_or_null("rtrim(" ~ text ~ ", 'Z')", 'timestamp') }}
        when {{ utfall.full_match(text, moment ~ '[+-][0-9]{2}(:?[0-9]{2})?') }}
            then {{ utfall.cast_or_null(text, 'timestamptz') }} at time zone 'UTC'
        when {{ text }} like '____-__-__'
            then {{ utfall.cast_or_null(text, 'timestamp') }}
    end
{%- endmacro %}

{#- Postgres takes a sixtieth second and rounds what is finer than a microsecond. -#}
{% macro postgres__to_timestamp(column) -%}
    {%- set day = '[0-9]{4}-[0-9]{2}-[0-9]{2}' -%}
    {%- set moment = day ~ '[T ][0-9]{2}:[0-9]{2}(:[0-5][0-9]([.][0-9]{1,9})?)?' -%}
    {%- set text = "trim(" ~ column ~ ")" -%}
    {%- set shortened = "regexp_replace(" ~ text ~ ", '([.][0-9]{6})[0-9]+', '\\1')" -%}
    case
        when {{ utfall.full_match(text, moment ~ 'Z?|' ~ day) }}
            then {{ utfall.cast_or_null("rtrim(" ~ shortened ~ ", 'Z')", 'timestamp') }}
        when {{ utfall.full_match(text, moment ~ '[+-][0-9]{2}(:?[0-9]{2})?') }}
            then {{ utfall.cast_or_null(shortened, 'timestamptz') }} at time zone 'UTC'
    end
{%- endmacro %}


{#- true, t, yes, y, 1 and false, f, no, n, 0, in any case. -#}
{% macro to_bool(column) -%}
    case
        when lower({{ utfall.to_text(column) }}) in ('true', 't', 'yes', 'y', '1') then true
        when lower({{ utfall.to_text(column) }}) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}


{#- The cast of a delivered column to one of the schema's types. -#}
{% macro to_type(type, column) -%}
    {%- set casts = {
        'text': utfall.to_text, 'int': utfall.to_int, 'decimal': utfall.to_decimal,
        'share': utfall.to_share, 'date': utfall.to_date, 'timestamp': utfall.to_timestamp,
        'bool': utfall.to_bool
    } -%}
    {%- if type not in casts -%}
        {{ exceptions.raise_compiler_error(
            "to_type: " ~ column ~ " has the unknown type '" ~ type ~ "'"
        ) }}
    {%- endif -%}
    {{ casts[type](column) }}
{%- endmacro %}


{#- Whether the whole of a text has the form of a pattern. -#}
{% macro full_match(text, pattern) -%}
    {{ adapter.dispatch('full_match', 'utfall')(text, pattern) }}
{%- endmacro %}

{% macro default__full_match(text, pattern) -%}
    regexp_full_match({{ text }}, '{{ pattern }}')
{%- endmacro %}

{% macro postgres__full_match(text, pattern) -%}
    ({{ text }} ~ '^({{ pattern }})$')
{%- endmacro %}


{#- The cast that gives NULL where the value does not exist, such as 30 February. -#}
{% macro cast_or_null(text, type) -%}
    {{ adapter.dispatch('cast_or_null', 'utfall')(text, type) }}
{%- endmacro %}

{% macro default__cast_or_null(text, type) -%}
    try_cast({{ text }} as {{ type }})
{%- endmacro %}

{#- pg_input_is_valid is there from Postgres 16 on; the load makes it on an older server. -#}
{% macro postgres__cast_or_null(text, type) -%}
    case when pg_input_is_valid({{ text }}, '{{ type }}') then cast({{ text }} as {{ type }}) end
{%- endmacro %}
