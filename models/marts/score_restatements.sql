with restatements as (
    select * from {{ ref('int_scoring__restatements') }}
)

select
    cast(as_of as date) as as_of,
    cast(subject_type as varchar) as subject_type,
    cast(subject_id as varchar) as subject_id,
    cast(kpi_id as varchar) as kpi_id,
    cast(budget_id as varchar) as budget_id,
    cast(node_level as varchar) as node_level,
    cast(node_id as varchar) as node_id,
    cast(budget_type_id as varchar) as budget_type_id,
    cast(period_start as date) as period_start,
    cast(period_end as date) as period_end,
    cast(reported_publication_id as varchar) as reported_publication_id,
    cast(publication_id as varchar) as publication_id,
    cast(cause as varchar) as cause,
    cast(value_reported as decimal(28, 10)) as value_reported,
    cast(value_restated as decimal(28, 10)) as value_restated,
    cast(target_reported as decimal(28, 4)) as target_reported,
    cast(target_restated as decimal(28, 4)) as target_restated,
    cast(score_reported as decimal(28, 10)) as score_reported,
    cast(score_restated as decimal(28, 10)) as score_restated,
    cast(forecast_reported as decimal(28, 10)) as forecast_reported,
    cast(forecast_restated as decimal(28, 10)) as forecast_restated,
    cast(status_reported as varchar) as status_reported,
    cast(status_restated as varchar) as status_restated,
    cast(reason_code_reported as varchar) as reason_code_reported,
    cast(reason_code_restated as varchar) as reason_code_restated
from restatements
