{{ config(materialized="view") }}

select
    as_of,
    subject_type,
    subject_id,
    kpi_id,
    budget_id,
    node_level,
    node_id,
    budget_type_id,
    period_start,
    period_end,
    reported_publication_id,
    publication_id,
    cause,
    value_reported,
    value_restated,
    target_reported,
    target_restated,
    score_reported,
    score_restated,
    forecast_reported,
    forecast_restated,
    status_reported,
    status_restated,
    reason_code_reported,
    reason_code_restated
from {{ source('run', 'history_restatements') }}
