{#- What is read off an activity, the same whether it is held or planned. -#}

{#- Whether a text was filled in: blanks are nothing. -#}
{% macro is_filled(text) -%}
    coalesce(trim({{ text }}) <> '', false)
{%- endmacro %}

{#- Goal, tactic and insight were written down before the meeting began; afterwards is too late. -#}
{% macro is_prepared(activity) -%}
    (
        {{ is_filled(activity ~ '.prep_goal') }}
        and {{ is_filled(activity ~ '.prep_tactic') }}
        and {{ is_filled(activity ~ '.prep_insight') }}
        and coalesce({{ activity }}.prep_completed_at < {{ activity }}.start_at, false)
    )
{%- endmacro %}

{#- Length of a meeting: check-in to check-out where both are known, else as it was booked. -#}
{% macro meeting_minutes(activity) -%}
    coalesce(
        {{ minutes_between(activity ~ '.check_in_at', activity ~ '.check_out_at') }},
        {{ minutes_between(activity ~ '.start_at', activity ~ '.end_at') }}
    )
{%- endmacro %}
