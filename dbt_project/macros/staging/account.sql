{#- What became of the delivered rows of one entity, file by file; the row without a file counts the
    absences that full extracts tell of. A stored row is current (the newest of its key), deleted
    (the newest of its key, and the key is gone), quarantined, or superseded by a newer one. -#}
{% macro row_fates(entity) -%}
    {%- set forever = "cast('9999-12-31' as timestamp)" -%}
    select
        '{{ entity }}' as entity,
        versions.source_file,
        cast(sum(versions.delivered_rows) as bigint) as rows_staged,
        cast(count(*) as bigint) as rows_stored,
        cast(sum(
            case
                when
                    versions.quarantine_reason is null
                    and not versions.is_deleted
                    and versions.known_to = {{ forever }}
                    then 1
                else 0
            end
        ) as bigint) as rows_current,
        cast(sum(
            case
                when versions.quarantine_reason is not null then 0
                when versions.known_to = {{ forever }} and versions.is_deleted then 1
                when gone.key_text is not null then 1
                else 0
            end
        ) as bigint) as rows_deleted,
        cast(sum(
            case
                when versions.quarantine_reason is not null and versions.delivered_rows > 0 then 1
                else 0
            end
        ) as bigint) as rows_quarantined
    from {{ ref('base_canonical__' ~ entity) }} as versions
    left join (
        select
            absences.key_text,
            absences.known_from
        from {{ ref('base_canonical__' ~ entity) }} as absences
        where absences.is_absence and absences.known_to = {{ forever }}
    ) as gone
        on
            versions.key_text = gone.key_text
            and versions.known_to = gone.known_from
            and not versions.is_absence
    group by versions.source_file
{%- endmacro %}
