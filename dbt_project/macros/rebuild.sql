{#-
    The months a night must compute again. A booking month is a pure function of what had been
    recorded when it closed, so only months that were open at the base, or at the oldest change that
    came in since, can differ.
-#}

{#- From when on is known what came in since the base, a row for each of `entities`; reads a CTE
    `context` with `base_as_of` and `is_full`. What was delivered late is known since it was first
    recorded. -#}
{% macro news_of(entities) -%}
    {% for entity in entities -%}
    select
        min(
            case
                when versions.known_from = versions.first_recorded_at
                    then least(
                        versions.known_from,
                        coalesce(versions.created_recorded_at, versions.known_from)
                    )
                else versions.known_from
            end
        ) as known_from
    from {{ ref('base_canonical__' ~ entity) }} as versions
    cross join context
    where
        versions.first_extract_date > context.base_as_of
        and versions.quarantine_reason is null
        and not context.is_full
    {{ "union all" if not loop.last }}
    {% endfor %}
{%- endmacro %}

{#- The first day that a night computes again. -#}
{% macro rebuild_from() -%}
    {%- set rebuild = ref('int_core__rebuild') -%}
    {%- set query = 'select rebuild_from from ' ~ rebuild -%}
    {%- set found = found_now(query, [rebuild]) -%}
    {{ '(' ~ query ~ ')' if found is none else literal(found[0]) }}
{%- endmacro %}

{#- Pre-hook of an incremental model with a `booking_month`: makes room for the rebuilt months, also
    where nothing takes their place. -#}
{% macro forget_rebuilt_months() -%}
    {%- set rebuild = ref('int_core__rebuild') -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where booking_month >= {{ rebuild_from() }}
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Condition on a booking month: true in a full build. -#}
{% macro is_rebuilt(booking_month) -%}
    {%- set rebuild = ref('int_core__rebuild') -%}
    {%- if is_incremental() -%}
        {{ booking_month }} >= {{ rebuild_from() }}
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}

{#- Pre-hook of an incremental model with one set of rows per period, each as known in the
    `booking_month` of the period's last day: makes room for the rebuilt months, for periods that run
    on into another month, and for periods the source has moved or taken back. -#}
{% macro forget_rebuilt_periods() -%}
    {%- set rebuild = ref('int_core__rebuild') -%}
    {%- set periods = ref('int_core__periods') -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as stored
        where
            stored.booking_month >= {{ rebuild_from() }}
            or not exists (
                select 1
                from {{ periods }} as periods
                where
                    periods.period_type = stored.period_type
                    and periods.period_start = stored.period_start
                    and periods.last_booking_month = stored.booking_month
            )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Pre-hook of an incremental model by period: makes room for the periods that are computed again,
    for the night's snapshot, and for periods the source has taken back. -#}
{% macro forget_touched_periods(has_basis=true, periods_of='int_outcomes__touched_periods') -%}
    {%- set touched = ref(periods_of) -%}
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
                    and touched.campaign_id = coalesce(stored.campaign_id, '')
            )
            or not exists (
                select 1
                from {{ periods }} as periods
                where
                    periods.period_type = stored.period_type
                    and periods.period_start = stored.period_start
                    and periods.campaign_id = coalesce(stored.campaign_id, '')
            )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Pre-hook of a model that keeps the base's rows beside tonight's. -#}
{% macro forget_older_generations() -%}
    {%- set context = ref('int_core__context') -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where as_of <> (select base_as_of from {{ context }})
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- What two generations of late rows are compared by. -#}
{% macro late_columns(alias) -%}
    {%- for column in [
        'budget_type_id', 'event_piece', 'booking_month', 'part', 'parameter_set_id', 'rep_id',
        'team_id', 'region_id', 'campaign_id', 'is_overlay', 'distinct_key', 'amount',
        'record_count', 'missing_amounts',
    ] -%}
        {{ alias }}.{{ column }}{{ ", " if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- Pre-hook of an incremental model with a whole history per `customer_id`: makes room for the
    customers about whom something may have changed. -#}
{% macro forget_changed_customers() -%}
    {%- set changed = ref('int_core__changed_customers') -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where customer_id in (select customer_id from {{ changed }})
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Condition on a customer of such a model: true in a full build. -#}
{% macro is_changed_customer(customer_id) -%}
    {%- set changed = ref('int_core__changed_customers') -%}
    {%- if is_incremental() -%}
        {{ customer_id }} in (select customer_id from {{ changed }})
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}

{#- Pre-hook of a model by `figure_id`: keeps the figures that are still asked for and whose months
    were closed at the base. -#}
{% macro forget_open_figures() -%}
    {%- set subjects = ref('int_scoring__subject_periods') -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where figure_id not in (select figure_id from {{ subjects }} where is_settled)
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Condition on a row of `int_scoring__subject_periods`: its figure is computed tonight. For queries
    that are asked while the model is rendered, before its pre-hook has made room. -#}
{% macro will_be_open_figure() -%}
    {%- if is_incremental() -%}
        (
            not is_settled
            or figure_id not in (select stored.figure_id from {{ this }} as stored)
        )
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}

{#- Condition on a figure of such a model: true in a full build. -#}
{% macro is_open_figure() -%}
    {%- if is_incremental() -%}
        figure_id not in (select stored.figure_id from {{ this }} as stored)
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}

{#- Pre-hook of a model of plans: keeps what nothing can have changed since the base, as
    `int_planning__settled_bases` says of the same key: because of the people it was read from, of
    the facts, or of both. -#}
{% macro forget_open_plans(key='basis_id', settled_by=['is_settled']) -%}
    {%- set bases = ref('int_planning__settled_bases') -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where
            {{ key }} not in (
                select bases.{{ key }}
                from {{ bases }} as bases
                where bases.{{ settled_by | join(' and bases.') }}
            )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- The same of a model that follows from a pool, which is divided again where it has changed. -#}
{% macro forget_open_divisions() -%}
    {%- set bases = ref('int_planning__settled_bases') -%}
    {%- set pools = ref('int_planning__pool_checks') -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where
            division_id not in (
                select pools.division_id
                from {{ pools }} as pools
                inner join {{ bases }} as bases on pools.basis_id = bases.basis_id
                where bases.is_settled and bases.has_settled_facts
            )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Condition on the key of such a model: true in a full build. -#}
{% macro is_open_plan(key) -%}
    {%- if is_incremental() -%}
        {{ key }} not in (select stored.{{ key.split('.') | last }} from {{ this }} as stored)
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}
