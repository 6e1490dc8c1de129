{%- set dimensions = [
    'product_category', 'channel', 'area_id', 'business_category', 'purchase_method',
    'campaign_id', 'team_id',
] -%}
{%- set text_list = '\\[\\s*("[^"\\\\]*"\\s*(,\\s*"[^"\\\\]*"\\s*)*)?\\]' -%}
with context as (
    select * from {{ ref('int_core__context') }}
),

kpis as (
    select
        kpis.*,
        coalesce(kpis.sales_period, 'quarter') as sales_period_type,
        context.as_of
    from {{ ref('int_core__kpis') }} as kpis
    cross join context
),

periods as (
    select
        *,
        case sales_period_type
            when 'month' then {{ trunc_date('month', 'as_of') }}
            when 'year' then {{ trunc_date('year', 'as_of') }}
            else {{ trunc_date('quarter', 'as_of') }}
        end as period_start,
        case sales_period_type
            when 'month' then 1
            when 'year' then 12
            else 3
        end as months
    from kpis
),

parameter_sets as (
    select distinct
        kpi_id,
        parameter_set_id
    from {{ ref('int_core__kpi_parameters') }}
)

select
    periods.kpi_id,
    periods.valid_from,
    periods.valid_to,
    -- A KPI has no name of its own: it is called by what it measures.
    registry.name_en,
    registry.name_sv,
    periods.budget_type_id,
    periods.budget_id,
    -- A choice that the type does not know is none.
    case
        when coalesce(replace(periods.parameters, ' ', ''), '{}') = '{}' then 'default'
        else coalesce(parameter_sets.parameter_set_id, 'unknown')
    end as parameter_set_id,
    periods.budget_id is null
    or registry.time_shape = 'snapshot'
    or registry.rolling_months is not null as is_rolling,
    periods.target as own_target,
    periods.target_low as own_target_low,
    periods.filters,
    case
        when {{ is_json_object('periods.filters', dimensions, text_list) }} then periods.filters
    end as scope_json,
    periods.sales_period_type as sales_period,
    periods.period_start,
    {{ add_months('periods.period_start', 'periods.months') }} as period_end,
    coalesce(periods.status, 'draft') as kpi_status,
    periods.success_driver,
    periods.conclusion_rule,
    periods.plan_text,
    periods.why_text,
    periods.action_if_met,
    periods.action_if_not_met,
    periods.follower_roles,
    periods.kpi_owner,
    periods.expected_outcome,
    periods.expected_recorded_at,
    periods.reward_text,
    periods.reward_threshold,
    periods.publish_surface,
    periods.cadence,
    registry.family,
    registry.measures,
    registry.unit,
    registry.aggregation,
    registry.direction,
    registry.target_mode,
    registry.time_shape,
    registry.formula is not null as is_derived,
    registry.accumulates,
    registry.scale_min,
    registry.definition_version,
    registry.min_n
from periods
inner join {{ ref('budget_type_registry') }} as registry
    on periods.budget_type_id = registry.budget_type_id
left join parameter_sets on periods.kpi_id = parameter_sets.kpi_id
