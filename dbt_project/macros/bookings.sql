{#-
    The months a record is booked in: its own month, and every later one in which something about it
    became known. The model names two CTEs before:

    - `facts`: one row per version of the record: its key, and `event_month`; where it may move from
      one month to another also `known_from` and `known_to`, and the call says `is_dated`: a record
      then belongs to the month in which it lay when that month began, not to one of which nobody
      knew before it closed;
    - `changes`: one row per moment at which something about it became known: key, `known_from`.

    Each booking brings the moment up to which it knows, and that of the booking before, so that a fact
    can look versions up without joining the months (which engines do in the wrong order: every
    version with every month).

    In an ordinary night only records that changed in, or belong to, a rebuilt month are looked at;
    the model is incremental with the key as `unique_key`.
-#}
{% macro bookings_of(key, is_dated=false) -%}
    {%- set rebuild = ref('int_core__rebuild') -%}
    months as (
        select * from {{ ref('int_core__booking_months') }}
    ),
    {% if is_incremental() %}
    affected as (
        select changes.{{ key }}
        from changes
        inner join {{ rebuild }} as rebuild
            on changes.known_from >= rebuild.rebuild_opens_at

        union

        select facts.{{ key }}
        from facts
        inner join {{ rebuild }} as rebuild
            on facts.event_month >= rebuild.rebuild_from
    ),
    {% endif %}
    change_months as (
        select distinct
            changes.{{ key }},
            months.month_start as change_month
        from changes
        inner join months
            on changes.known_from >= months.opens_at and changes.known_from < months.knowledge_at
        {% if is_incremental() %}
        inner join affected on changes.{{ key }} = affected.{{ key }}
        {% endif %}
    ),

    {% if is_dated -%}
    bookings as (
        select
            change_months.{{ key }},
            change_months.change_month as booking_month
        from change_months
        inner join months on change_months.change_month = months.month_start
        inner join facts
            on
                change_months.{{ key }} = facts.{{ key }}
                and change_months.change_month >= facts.event_month
                and months.knowledge_at > facts.known_from

        union

        select
            facts.{{ key }},
            facts.event_month as booking_month
        from facts
        inner join months
            on
                facts.event_month = months.month_start
                and {{ known_at('facts', 'months.opens_at') }}
        {% if is_incremental() %}
        inner join affected on facts.{{ key }} = affected.{{ key }}
        {% endif %}
    )
    {%- else -%}
    bookings as (
        select distinct
            change_months.{{ key }},
            greatest(change_months.change_month, facts.event_month) as booking_month
        from change_months
        inner join facts on change_months.{{ key }} = facts.{{ key }}
    )
    {%- endif %}

    select
        bookings.{{ key }},
        bookings.booking_month,
        lag(bookings.booking_month) over by_record as previous_booking_month,
        months.knowledge_at,
        lag(months.knowledge_at) over by_record as previous_knowledge_at
    from bookings
    inner join months on bookings.booking_month = months.month_start
    window by_record as (partition by bookings.{{ key }} order by bookings.booking_month)
{%- endmacro %}

{#-
    What each booking month adds: the states as they are known at its closing, less the states as
    they were known when the record was booked before; what did not change cancels out.

    - `states`: a relation or CTE, one row per record, `booking_month` and whatever it is made of;
    - `bookings`: the model of the record's booking months, made by bookings_of(key);
    - `columns`: the columns of a state that make up a row of the fact.
-#}
{% macro booked_differences(states, bookings, key, columns, entry) -%}
    select
        booking_month,
        {{ key }},
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        cast(sum(entry) as integer) as {{ entry }}
    from (
        select
            bookings.booking_month,
            states.{{ key }},
            {%- for column in columns %}
            states.{{ column }},
            {%- endfor %}
            1 as entry
        from {{ bookings }} as bookings
        inner join {{ states }} as states
            on
                bookings.{{ key }} = states.{{ key }}
                and bookings.booking_month = states.booking_month
        where {{ is_rebuilt('bookings.booking_month') }}

        union all

        select
            bookings.booking_month,
            states.{{ key }},
            {%- for column in columns %}
            states.{{ column }},
            {%- endfor %}
            -1 as entry
        from {{ bookings }} as bookings
        inner join {{ states }} as states
            on
                bookings.{{ key }} = states.{{ key }}
                and bookings.previous_booking_month = states.booking_month
        where {{ is_rebuilt('bookings.booking_month') }}
    ) as entries
    group by
        booking_month,
        {{ key }}
        {%- for column in columns %},
        {{ column }}
        {%- endfor %}
    having sum(entry) <> 0
{%- endmacro %}
