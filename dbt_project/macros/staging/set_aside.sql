{#- The rows of one entity that were set aside, and when a later delivery of the same key was good.
    A row without a complete key is never resolved: nothing tells which later row replaced it. -#}
{% macro set_aside_rows(entity) -%}
    {%- set versions = ref('base_canonical__' ~ entity) -%}
    select
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
        ) as resolved_at
    from {{ versions }} as set_aside
    where set_aside.quarantine_reason is not null
{%- endmacro %}
