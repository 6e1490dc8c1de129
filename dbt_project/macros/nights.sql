{#-
    Tables of nights: what a published night has shown stays as it was. The build keeps the nights it
    has and takes over from history those it lacks.
-#}

{#- Pre-hook of such a table: makes room for S, and for every night that is not kept as history has
    it, as the base's own rows, which had not been published when they were built. -#}
{% macro forget_unfrozen_nights() -%}
    {%- set nights = ref('int_scoring__nights') -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as stored
        where not exists (
            select 1
            from {{ nights }} as nights
            where
                nights.as_of = stored.as_of
                and nights.publication_id = stored.publication_id
        )
    {%- else -%}
        select 1
    {%- endif -%}
{%- endmacro %}

{#- Condition on a night of history: whether the table lacks it; true in a full build. -#}
{% macro is_new_night(as_of) -%}
    {%- if is_incremental() -%}
        {{ as_of }} not in (select stored.as_of from {{ this }} as stored)
    {%- else -%}
        1 = 1
    {%- endif -%}
{%- endmacro %}


{#- The point of a straight line at `share` of the way, to six decimals; at its end the end itself. -#}
{% macro line_at(line_start, line_end, share) -%}
    case
        when {{ share }} = 1 then cast({{ line_end }} as decimal(28, 10))
        else
            cast(
                cast({{ line_start }} as decimal(28, 10))
                + round(
                    cast({{ line_end }} - {{ line_start }} as decimal(22, 6))
                    * cast({{ share }} as decimal(12, 10)),
                    6
                )
            as decimal(28, 10))
    end
{%- endmacro %}


{#- Which share of the working days from `begun` to `ended` has gone at `day`, each a day of
    int_scoring__workdays; of days without any, the share of the days. -#}
{% macro workday_share(begun, day, ended) -%}
    case
        when {{ ended }}.workdays_before > {{ begun }}.workdays_before
            then {{ utfall.ratio(
                day ~ '.workdays_before - ' ~ begun ~ '.workdays_before',
                ended ~ '.workdays_before - ' ~ begun ~ '.workdays_before',
                decimals=4,
            ) }}
        else {{ utfall.ratio(
            utfall.days_between(begun ~ '.date_day', day ~ '.date_day'),
            utfall.days_between(begun ~ '.date_day', ended ~ '.date_day'),
            decimals=4,
        ) }}
    end
{%- endmacro %}
