{#-
    Exact arithmetic. No engine may decide a figure by accident: decimal / decimal is a DOUBLE in
    DuckDB, numeric in Postgres; int / int is 3.5 in one and 3 in the other.
-#}

{#- num / den rounded half away from zero to `scale` decimals (at most 10), as decimal(28, scale).
    NULL where either is NULL or den is 0. |num| and |den| below 10^17, |result| below 5 * 10^16;
    both are taken at 10 decimals. An overflow is an error, never a wrong figure. -#}
{% macro ratio(num, den, scale=10) -%}
    {{ adapter.dispatch('ratio', 'utfall')(num, den, scale) }}
{%- endmacro %}

{#- The truncated quotient in half units of the last decimal tells on which side of the tie the
    value lies, so one integer division and one decimal round are exact, for negatives too. -#}
{% macro default__ratio(num, den, scale) -%}
    cast(round(
        cast(
            ({{ utfall.scaled_integer(num) }} * cast(2{{ '0' * scale }} as hugeint))
            // nullif({{ utfall.scaled_integer(den) }}, 0)
        as decimal(27, 0)) * cast(0.{{ '0' * scale }}5 as decimal({{ scale + 1 }}, {{ scale + 1 }})),
        {{ scale }}
    ) as decimal(28, {{ scale }}))
{%- endmacro %}

{% macro postgres__ratio(num, den, scale) -%}
    cast(round(
        div(
            cast({{ num }} as numeric(27, 10)) * 2{{ '0' * scale }},
            nullif(cast({{ den }} as numeric(27, 10)), 0)
        ) * 0.{{ '0' * scale }}5,
        {{ scale }}
    ) as numeric(28, {{ scale }}))
{%- endmacro %}

{#- A number as the integer count of its 10^-10 parts: the form in which DuckDB divides exactly. -#}
{% macro scaled_integer(number) -%}
    cast(cast({{ number }} as decimal(27, 10)) * cast(10000000000 as decimal(11, 0)) as hugeint)
{%- endmacro %}


{#- Integer quotient of two integers, truncated towards zero: 7, 2 gives 3 and -7, 2 gives -3.
    NULL where either is NULL or b is 0. -#}
{% macro int_div(a, b) -%}
    {{ adapter.dispatch('int_div', 'utfall')(a, b) }}
{%- endmacro %}

{% macro default__int_div(a, b) -%}
    (cast({{ a }} as bigint) // nullif(cast({{ b }} as bigint), 0))
{%- endmacro %}

{% macro postgres__int_div(a, b) -%}
    (cast({{ a }} as bigint) / nullif(cast({{ b }} as bigint), 0))
{%- endmacro %}


{#- amount * factor as decimal(18,4), rounded half away from zero. One factor at a time: a product
    of two narrow decimals stays narrow in DuckDB and overflows. -#}
{% macro money_mul(amount, factor) -%}
    cast(round(
        cast({{ amount }} as decimal(19, 4)) * cast({{ factor }} as decimal(18, 10)), 4
    ) as decimal(18, 4))
{%- endmacro %}


{#- floor(w * c / t) as bigint, exact: the first step of the largest-remainder method. w and t are
    weights of up to 10 decimals, c a whole number of units. NULL where one is NULL or t is 0. -#}
{% macro floor_muldiv(w, c, t) -%}
    {{ adapter.dispatch('floor_muldiv', 'utfall')(w, c, t) }}
{%- endmacro %}

{#- The product less its floored remainder divides without rest, so truncation cannot matter. -#}
{% macro default__floor_muldiv(w, c, t) -%}
    {%- set product = "(" ~ utfall.scaled_integer(w) ~ " * cast(" ~ c ~ " as hugeint))" -%}
    {%- set total = "nullif(" ~ utfall.scaled_integer(t) ~ ", 0)" -%}
    cast(
        ({{ product }} - (({{ product }} % {{ total }} + {{ total }}) % {{ total }})) // {{ total }}
    as bigint)
{%- endmacro %}

{% macro postgres__floor_muldiv(w, c, t) -%}
    {%- set product = "(cast(" ~ w ~ " as numeric(27, 10)) * cast(" ~ c ~ " as numeric(38, 0)))" -%}
    {%- set total = "nullif(cast(" ~ t ~ " as numeric(27, 10)), 0)" -%}
    cast(
        div(
            {{ product }} - mod(mod({{ product }}, {{ total }}) + {{ total }}, {{ total }}),
            {{ total }}
        )
    as bigint)
{%- endmacro %}
