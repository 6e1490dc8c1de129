{#-
    From when a version counts as known, in a stg model. The first version that was delivered stands
    for the whole time since the record was created: an extract holds only the newest version of
    what is older than the first delivery, and its content is the best that is known of that time.
    Later versions count from when they were recorded.
-#}
{% macro known_since() -%}
    case
        when known_from = first_recorded_at
            then least(known_from, coalesce(created_recorded_at, known_from))
        else known_from
    end
{%- endmacro %}
