{#- The rows of one entity that were set aside, and when they were put right: a later delivery
    brought a good row of the same key, or a later complete full extract no longer holds the bad
    one. A row without a complete key can only be put right by a full extract: nothing else tells
    which later row is its correction. -#}
{% macro set_aside_rows(entity) -%}
    {%- set versions = ref('base_canonical__' ~ entity) -%}
    -- distinct: a model may make several rows of a delivered one, all with its fault
    select distinct
        set_aside.source_system,
        '{{ entity }}' as entity,
        set_aside.source_file,
        set_aside.line,
        set_aside.record_no,
        set_aside.extract_date,
        replace(set_aside.key_text, chr(31), ' | ') as key_text,
        set_aside.quarantine_reason as reason_code,
        set_aside.quarantine_column as column_name,
        set_aside.raw_row,
        set_aside.first_extract_date as first_seen,
        least(
            (
                select min(
                    case
                        when good.first_extract_date > set_aside.extract_date
                            then good.first_extract_date
                        else good.extract_date
                    end
                )
                from {{ versions }} as good
                where
                    good.key_text = set_aside.key_text
                    and good.quarantine_reason is null
                    and not good.is_absence
                    and good.extract_date > set_aside.extract_date
            ),
            (
                select min(extracts.extract_date)
                from {{ source('run', 'extracts') }} as extracts
                where
                    extracts.entity = '{{ entity }}'
                    and extracts.load_mode = 'full'
                    and extracts.rows_loaded > 0
                    and extracts.source_system = set_aside.source_system
                    and extracts.extract_date > set_aside.extract_date
            )
        ) as resolved_at
    from {{ versions }} as set_aside
    where set_aside.quarantine_reason is not null
{%- endmacro %}


{#- The delivered texts of a row as one JSON object, for a delivery of typed columns, which has no
    text of its own. Columns without a value are left out. -#}
{% macro delivered_as_json(columns) -%}
    '{' || substr(
        {%- for column in columns %}
        {{ '|| ' if not loop.first }}coalesce(',"{{ column }}":"' || replace(replace(replace(
            {{ column }}_delivered, chr(92), chr(92) || chr(92)), '"', chr(92) || '"'
        ), chr(10), chr(92) || 'n') || '"', '')
        {%- endfor %}, 2
    ) || '}'
{%- endmacro %}
