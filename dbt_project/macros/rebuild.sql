{#-
    The months a night must compute again. A booking month is a pure function of what had been
    recorded when it closed, so only months that were open at the base, or at the oldest change that
    came in since, can differ.
-#}

{#- Pre-hook of an incremental model with a `booking_month`: makes room for the rebuilt months, also
    where nothing takes their place. -#}
{% macro forget_rebuilt_months() -%}
    {%- set rebuild = ref('int_core__rebuild') -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where booking_month >= (select rebuild_from from {{ rebuild }})
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Condition on a booking month: true in a full build. -#}
{% macro is_rebuilt(booking_month) -%}
    {%- set rebuild = ref('int_core__rebuild') -%}
    {%- if is_incremental() -%}
        {{ booking_month }} >= (select rebuild_from from {{ rebuild }})
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}
