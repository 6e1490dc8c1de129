{#-
    Numbers as a reader writes them, for sentences that are published: English 90,000.5 and Swedish
    90 000,5. Rounded half away from zero, only here.
-#}

{#- A number with `decimals` decimals, thousands apart; decimals that are all zero are left out. -#}
{% macro number_text(number, decimals, language) -%}
    {%- set thousand = "' '" if language == 'sv' else "','" -%}
    {%- set point = "','" if language == 'sv' else "'.'" -%}
    {%- set rounded = 'round(abs(' ~ number ~ '), ' ~ decimals ~ ')' -%}
    {%- set whole = 'cast(cast(floor(' ~ rounded ~ ') as decimal(28, 0)) as varchar)' -%}
    {%- set rest = rounded ~ ' - floor(' ~ rounded ~ ')' -%}
    case when round({{ number }}, {{ decimals }}) < 0 then '-' else '' end
    || case
        when length({{ whole }}) > 9
            then
                left({{ whole }}, length({{ whole }}) - 9) || {{ thousand }}
                || left(right({{ whole }}, 9), 3) || {{ thousand }}
                || left(right({{ whole }}, 6), 3) || {{ thousand }}
        when length({{ whole }}) > 6
            then
                left({{ whole }}, length({{ whole }}) - 6) || {{ thousand }}
                || left(right({{ whole }}, 6), 3) || {{ thousand }}
        when length({{ whole }}) > 3
            then left({{ whole }}, length({{ whole }}) - 3) || {{ thousand }}
        else ''
    end
    || right({{ whole }}, 3)
    {%- if decimals > 0 %}
    || case
        when {{ rest }} = 0 then ''
        else
            {{ point }}
            || right(cast(cast({{ rounded }} as decimal(28, {{ decimals }})) as varchar), {{ decimals }})
    end
    {%- endif %}
{%- endmacro %}


{#- A value of a budget type in its unit: 6, 60 %, 90 000 SEK, 3,5. -#}
{% macro value_text(value, unit, display_factor, currency, language) -%}
    {%- set words = {
        'sv': ["' per möte'", "' per dag'", "' %'", "' poäng'"],
        'en': ["' a meeting'", "' a day'", "'%'", "' points'"],
    }[language] -%}
    case
        when {{ unit }} like 'currency%'
            then
                {{ utfall.number_text(value, 0, language) }} || ' ' || {{ currency }}
                || case
                    when {{ unit }} = 'currency/meeting' then {{ words[0] }}
                    when {{ unit }} = 'currency/day' then {{ words[1] }}
                    else ''
                end
        when {{ unit }} = 'percent'
            then {{ utfall.number_text(value ~ ' * 100', 1, language) }} || {{ words[2] }}
        when {{ unit }} = 'points'
            then
                {{ utfall.number_text(value ~ ' * ' ~ display_factor, 1, language) }}
                || {{ words[3] }}
        when {{ unit }} = 'ratio' then {{ utfall.number_text(value, 2, language) }}
        else {{ utfall.number_text(value, 1, language) }}
    end
{%- endmacro %}


{#- A fraction as whole per cent: 0.6 is 60 %. -#}
{% macro percent_text(share, language) -%}
    {{ utfall.number_text(share ~ ' * 100', 0, language) }} || {{ "' %'" if language == 'sv' else "'%'" }}
{%- endmacro %}
