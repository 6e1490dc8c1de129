select
    as_of,
    cut_off_utc,
    company_currency,
    company_calendar_id,
    base_as_of,
    is_full,
    is_recounted
from {{ source('run', 'run_context') }}
