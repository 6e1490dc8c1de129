{#-
    Exact arithmetic. No engine may decide a figure by accident: decimal / decimal is a DOUBLE in
    DuckDB, numeric in Postgres; int / int is 3.5 in one and 3 in the other.
-#}

{#- num / den rounded half away from zero to `scale` decimals (at most 10), as decimal(28, scale).
    NULL where either is NULL or den is 0. Both are taken at `decimals` decimals, 10 or fewer: with
    10 |num| and |den| are below 10^17, with 4 below 10^23; |result| is below 5 * 10^16. An overflow
    is an error, never a wrong figure. -#}
{% macro ratio(num, den, scale=10, decimals=10) -%}
    {{ adapter.dispatch('ratio', 'utfall')(num, den, scale, decimals) }}
{%- endmacro %}

{#- DuckDB divides hugeints bit by bit, which took half the time of the outcomes. So a double guesses
    the quotient in units of the last decimal, and exact decimals say whether it is the nearest one:
    where it is not closer than half a unit (a tie, or numbers too wide), it is divided exactly. -#}
{% macro default__ratio(num, den, scale, decimals) -%}
    {%- set guess_digits = 8 + scale -%}
    {%- set guess -%}
        try_cast(round(
            cast({{ num }} as double) / nullif(cast({{ den }} as double), 0) * 1{{ '0' * scale }}
        ) as decimal({{ guess_digits }}, 0))
    {%- endset -%}
    {%- set divisor -%}
        try_cast({{ den }} as decimal({{ 37 - guess_digits }}, {{ decimals }}))
    {%- endset -%}
    case
        when {{ num }} is null or {{ den }} is null or {{ den }} = 0
            then cast(null as decimal(28, {{ scale }}))
        when
            abs(
                try_cast({{ num }} as decimal({{ [36 - scale, 28] | min }}, {{ decimals }}))
                * cast(2{{ '0' * scale }} as decimal({{ scale + 1 }}, 0))
                - {{ divisor }} * cast(2 as decimal(1, 0)) * {{ guess }}
            ) < abs({{ divisor }})
            then cast(
                {{ guess }} * cast(0.{{ '0' * (scale - 1) }}1 as decimal({{ scale + 1 }}, {{ scale }}))
            as decimal(28, {{ scale }}))
        else {{ utfall.divided(num, den, scale, decimals) }}
    end
{%- endmacro %}

{#- The truncated quotient in half units of the last decimal tells on which side of the tie the
    value lies, so one integer division and one decimal round are exact, for negatives too. -#}
{% macro divided(num, den, scale, decimals) -%}
    cast(round(
        cast(
            ({{ utfall.scaled_integer(num, decimals) }} * cast(2{{ '0' * scale }} as hugeint))
            // nullif({{ utfall.scaled_integer(den, decimals) }}, 0)
        as decimal(27, 0)) * cast(0.{{ '0' * scale }}5 as decimal({{ scale + 1 }}, {{ scale + 1 }})),
        {{ scale }}
    ) as decimal(28, {{ scale }}))
{%- endmacro %}

{% macro postgres__ratio(num, den, scale, decimals) -%}
    cast(round(
        div(
            cast({{ num }} as numeric(27, {{ decimals }})) * 2{{ '0' * scale }},
            nullif(cast({{ den }} as numeric(27, {{ decimals }})), 0)
        ) * 0.{{ '0' * scale }}5,
        {{ scale }}
    ) as numeric(28, {{ scale }}))
{%- endmacro %}

{#- A number as the integer count of its 10^-10 parts (or those of fewer decimals): the form in
    which DuckDB divides exactly. -#}
{% macro scaled_integer(number, decimals=10) -%}
    cast(
        cast({{ number }} as decimal(27, {{ decimals }}))
        * cast(1{{ '0' * decimals }} as decimal({{ decimals + 1 }}, 0))
    as hugeint)
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


{#- left + right, left - right or left * right of two amounts, as decimal(28,4) rounded half away
    from zero: a step of a budget type's formula. Factors are below 10^15 each, and an overflow is
    an error, never a wrong figure. -#}
{% macro calculated(left, operator, right) -%}
    {%- if operator == '*' -%}
        cast(round(
            cast({{ left }} as decimal(19, 4)) * cast({{ right }} as decimal(19, 4)), 4
        ) as decimal(28, 4))
    {%- elif operator in ('+', '-') -%}
        cast(
            cast({{ left }} as decimal(28, 4)) {{ operator }} cast({{ right }} as decimal(28, 4))
        as decimal(28, 4))
    {%- else -%}
        {{ exceptions.raise_compiler_error("calculated: '" ~ operator ~ "' is not +, - or *") }}
    {%- endif -%}
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


{#- A number as the whole count of its parts of 10^-decimals, decimal(38,0): the form in which
    products and remainders are exact on every engine. -#}
{% macro in_parts(number, decimals) -%}
    cast(
        cast({{ number }} as decimal(28, {{ decimals }}))
        * cast(1{{ '0' * decimals }} as decimal({{ decimals + 1 }}, 0))
    as decimal(38, 0))
{%- endmacro %}


{#- floor(a / b) of two whole numbers, a >= 0 and b > 0, as decimal(38,0), exact. NULL where b is
    0. -#}
{% macro floor_div(a, b) -%}
    {{ adapter.dispatch('floor_div', 'utfall')(a, b) }}
{%- endmacro %}

{% macro default__floor_div(a, b) -%}
    cast(
        cast({{ a }} as hugeint) // nullif(cast({{ b }} as hugeint), 0)
    as decimal(38, 0))
{%- endmacro %}

{% macro postgres__floor_div(a, b) -%}
    cast(div({{ a }}, nullif({{ b }}, 0)) as numeric(38, 0))
{%- endmacro %}
