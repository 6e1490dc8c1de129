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

{#- Pre-hook of an incremental model by period: makes room for the periods that are computed again,
    for the night's snapshot, and for periods the source has taken back. -#}
{% macro forget_touched_periods(has_basis=true) -%}
    {%- set touched = ref('int_outcomes__touched_periods') -%}
    {%- set periods = ref('int_core__periods') -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as stored
        where
            stored.period_type = 'snapshot'
            or exists (
                select 1
                from {{ touched }} as touched
                where
                    touched.budget_type_id = stored.budget_type_id
                    and touched.basis = {{ "stored.basis" if has_basis else "'reported'" }}
                    and touched.period_type = stored.period_type
                    and touched.period_start = stored.period_start
            )
            or not exists (
                select 1
                from {{ periods }} as periods
                where
                    periods.period_type = stored.period_type
                    and periods.period_start = stored.period_start
            )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}
