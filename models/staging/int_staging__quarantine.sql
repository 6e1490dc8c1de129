with

rejects as (
    select * from {{ source('run', 'rejects') }}
),

extracts as (
    select * from {{ source('run', 'extracts') }}
),

quarantine_reasons as (
    select * from {{ ref('quarantine_reasons') }}
),

set_aside as (
    {%- for entity in canonical_entities() %}
        {{ set_aside_rows(entity) }}
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

set_aside_with_texts as (
    select
        set_aside.*,
        quarantine_reasons.text_en || ' (' || set_aside.column_name || ').' as reason_text_en,
        quarantine_reasons.text_sv || ' (' || set_aside.column_name || ').' as reason_text_sv
    from set_aside
    left join quarantine_reasons
        on set_aside.reason_code = quarantine_reasons.reason_code
),

-- a full extract says everything anew: a complete one makes good what an earlier one lost
delivered_anew as (
    select
        rejects.source_system,
        rejects.entity,
        rejects.extract_date,
        min(extracts.extract_date) as resolved_at
    from rejects
    inner join extracts
        on
            rejects.source_system = extracts.source_system
            and rejects.entity = extracts.entity
            and rejects.extract_date < extracts.extract_date
    where extracts.load_mode = 'full' and extracts.rows_loaded > 0
    group by rejects.source_system, rejects.entity, rejects.extract_date
),

-- ingest says in words what was wrong with a line it could not read, and with which file
unread as (
    select
        rejects.source_system,
        rejects.entity,
        rejects.source_file,
        rejects.line,
        cast(null as bigint) as record_no,
        rejects.extract_date,
        cast(null as varchar) as key_text,
        rejects.reason_code,
        cast(null as varchar) as column_name,
        rejects.raw_text as raw_row,
        rejects.extract_date as first_seen,
        delivered_anew.resolved_at,
        rejects.reason_text as reason_text_en,
        quarantine_reasons.text_sv || '.' as reason_text_sv
    from rejects
    left join delivered_anew
        on
            rejects.source_system = delivered_anew.source_system
            and rejects.entity = delivered_anew.entity
            and rejects.extract_date = delivered_anew.extract_date
    left join quarantine_reasons
        on rejects.reason_code = quarantine_reasons.reason_code
),

all_rows as (
    select * from set_aside_with_texts

    union all

    select * from unread
),

final as (
    select
        source_system,
        entity,
        source_file,
        line,
        record_no,
        extract_date,
        key_text,
        reason_code,
        column_name,
        reason_text_en,
        reason_text_sv,
        raw_row,
        first_seen,
        resolved_at
    from all_rows
)

select * from final
