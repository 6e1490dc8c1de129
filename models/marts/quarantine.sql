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
from {{ ref('int_staging__quarantine') }}
