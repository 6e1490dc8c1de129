{#-
    Dates and times. Every macro that names a date returns a DATE and every count an INTEGER, on
    every engine. A timestamp is UTC without zone; a day is a day of the company's time zone.
-#}

{#- The company's time zone, from the same environment variable as orchestration/settings.py. -#}
{% macro company_timezone() -%}
    {{ env_var('UTFALL_TIMEZONE', '') | trim or 'Europe/Stockholm' }}
{%- endmacro %}


{#- Days from a to b: days_between('2026-01-01', '2026-01-31') is 30; negative where b is earlier. -#}
{% macro days_between(a, b) -%}
    cast(cast({{ b }} as date) - cast({{ a }} as date) as integer)
{%- endmacro %}


{#- The date n days after d; n may be negative. -#}
{% macro add_days(d, n) -%}
    (cast({{ d }} as date) + cast({{ n }} as integer))
{%- endmacro %}


{#- The date n calendar months after d, clamped to the last day of a shorter month:
    31 January + 1 month is 28 or 29 February. -#}
{% macro add_months(d, n) -%}
    cast(cast({{ d }} as date) + cast({{ n }} as integer) * interval '1 month' as date)
{%- endmacro %}


{#- Calendar months from a to b: year difference * 12 + month difference, whatever the days.
    dbt.datediff('month') is wrong at month ends on some engines. -#}
{% macro months_between(a, b) -%}
    cast(
        (extract(year from cast({{ b }} as date)) - extract(year from cast({{ a }} as date))) * 12
        + extract(month from cast({{ b }} as date)) - extract(month from cast({{ a }} as date))
    as integer)
{%- endmacro %}


{#- First day of the week (ISO, Monday), month, quarter or year that holds d. -#}
{% macro trunc_date(part, d) -%}
    {%- if part not in ('day', 'week', 'month', 'quarter', 'year') -%}
        {{ exceptions.raise_compiler_error(
            "trunc_date: '" ~ part ~ "' is not a period; use day, week, month, quarter or year"
        ) }}
    {%- endif -%}
    cast(date_trunc('{{ part }}', cast({{ d }} as date)) as date)
{%- endmacro %}


{#- 1 for Monday to 7 for Sunday. -#}
{% macro iso_weekday(d) -%}
    cast(extract(isodow from cast({{ d }} as date)) as integer)
{%- endmacro %}


{#- The company's calendar day of a UTC timestamp. -#}
{% macro local_date(ts) -%}
    cast(
        cast({{ ts }} as timestamp) at time zone 'UTC' at time zone '{{ utfall.company_timezone() }}'
    as date)
{%- endmacro %}


{#- The UTC timestamp at which the company's day d begins. -#}
{% macro local_midnight_utc(d) -%}
    (
        cast(cast({{ d }} as date) as timestamp)
        at time zone '{{ utfall.company_timezone() }}' at time zone 'UTC'
    )
{%- endmacro %}


{#- Whole minutes from timestamp a to timestamp b, begun ones not counted; NULL where b is earlier. -#}
{% macro minutes_between(a, b) -%}
    case
        when {{ b }} >= {{ a }}
            then cast(floor(extract(epoch from ({{ b }} - {{ a }})) / 60) as integer)
    end
{%- endmacro %}


{#- Whether the row of `alias`, a staging version, is the one known at `moment`: what was recorded
    before it and not yet replaced before it. -#}
{% macro known_at(alias, moment) -%}
    ({{ alias }}.known_from < {{ moment }} and {{ moment }} <= {{ alias }}.known_to)
{%- endmacro %}
