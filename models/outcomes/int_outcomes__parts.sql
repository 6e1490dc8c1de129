{{ config(materialized="view") }}

with bases as (
    select basis
    from (values ('reported'), ('restated')) as bases (basis)
),

touched as (
    select * from {{ ref('int_outcomes__touched_periods') }}
),

parts as (
    select
        budget_type_id,
        part,
        parameter_set_id,
        node_level,
        node_id,
        basis,
        period_type,
        period_start,
        campaign_id,
        amount,
        record_count,
        missing_amounts
    from {{ ref('int_outcomes__flow_parts') }}

    union all

    select
        evaluated.budget_type_id,
        evaluated.part,
        evaluated.parameter_set_id,
        evaluated.node_level,
        evaluated.node_id,
        bases.basis,
        evaluated.period_type,
        evaluated.period_start,
        evaluated.campaign_id,
        evaluated.amount,
        evaluated.record_count,
        evaluated.missing_amounts
    from {{ ref('int_outcomes__evaluated_parts') }} as evaluated
    cross join bases
)

select
    parts.budget_type_id,
    parts.part,
    parts.parameter_set_id,
    parts.node_level,
    parts.node_id,
    parts.basis,
    parts.period_type,
    parts.period_start,
    parts.campaign_id,
    parts.amount,
    parts.record_count,
    parts.missing_amounts
from parts
{{ join_touched('parts') }}
