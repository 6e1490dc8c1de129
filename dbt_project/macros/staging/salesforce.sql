{#- An id of Salesforce with its 18 characters. Reports give 15, in which case counts; the last
    three say which of them are capitals, five to a character. -#}
{% macro salesforce_id(column) -%}
    case
        when length({{ column }}) = 15
            then
                {{ column }}
                {%- for block in range(3) %}
                || substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1
                {%- for place in range(5) %}
                + case
                    when ascii(substr({{ column }}, {{ 5 * block + place + 1 }}, 1))
                        between 65 and 90
                        then {{ 2 ** place }}
                    else 0
                end
                {%- endfor %}, 1)
                {%- endfor %}
        else {{ column }}
    end
{%- endmacro %}


{#- The same where it is of an object whose ids begin with `prefix`, else NULL. -#}
{% macro salesforce_id_of(prefix, column) -%}
    case when {{ column }} like '{{ prefix }}%' then {{ utfall.salesforce_id(column) }} end
{%- endmacro %}


{#- Percent as a fraction, as text; what is no number stays as it is, to be set aside. -#}
{% macro percent_as_share(column) -%}
    coalesce(
        cast({{ utfall.ratio(utfall.to_decimal(column), '100') }} as varchar), {{ column }}
    )
{%- endmacro %}


{#- The company's day of a moment, as text; what is no moment stays as it is, to be set aside. -#}
{% macro day_of(column) -%}
    coalesce(
        cast({{ utfall.local_date(utfall.to_timestamp(column)) }} as varchar), {{ column }}
    )
{%- endmacro %}


{#- Columns of every mapped row that come straight from an object's row. -#}
{% macro salesforce_row(counted=1) -%}
    id as source_id,
    system_modstamp as recorded_at,
    created_date as created_recorded_at,
    is_deleted,
    'salesforce' as source_system,
    source_file,
    line,
    record_no,
    extract_date,
    raw_row,
    cast({{ counted }} as bigint) as counted_rows
{%- endmacro %}
