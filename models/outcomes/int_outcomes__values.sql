{{ config(materialized="incremental", pre_hook="{{ forget_touched_periods() }}") }}

with figures as (
    select * from {{ ref('int_outcomes__valued_parts') }}
    union all
    select * from {{ ref('int_outcomes__standing_figures') }}
)

select
    budget_type_id,
    parameter_set_id,
    node_level,
    node_id,
    basis,
    period_type,
    period_start,
    campaign_id,
    numerator,
    denominator,
    value,
    record_count,
    reason_code
from figures
