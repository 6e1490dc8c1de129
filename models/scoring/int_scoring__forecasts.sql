with context as (
    select
        context.*,
        parameters.least_elapsed_share
    from {{ ref('int_core__context') }} as context
    inner join {{ ref('int_scoring__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

registry as (
    select * from {{ ref('budget_type_registry') }}
),

rules as (
    select
        rules.budget_type_id,
        rules.rule
    from {{ ref('forecast_rules') }} as rules
    inner join context on context.as_of >= rules.valid_from
),

-- What adds up over its period, or fills a fixed base during it, is phased; a ratio, a level and a
-- rolling window stand as they are.
measured as (
    select
        measures.*,
        registry.direction,
        registry.scale_min,
        registry.accumulates,
        registry.channel as type_channel,
        registry.accumulates
        or (
            not measures.is_rolling
            and registry.time_shape = 'flow'
            and not registry.is_divided
        ) as is_phased
    from {{ ref('int_scoring__measures') }} as measures
    inner join registry on measures.budget_type_id = registry.budget_type_id
),

phased as (
    select
        measured.*,
        shares.elapsed_share,
        shares.workdays_elapsed,
        shares.workdays_remaining,
        case
            when measured.is_phased and measured.target is not null
                then
                    cast(
                        coalesce(shares.planned_to_date, 0)
                        + {{ share_of(
                            'measured.target - coalesce(shares.planned_target, 0)',
                            'shares.elapsed_share',
                        ) }}
                        as decimal(28, 10)
                    )
        end as expected_to_date
    from measured
    inner join {{ ref('int_scoring__elapsed_shares') }} as shares
        on
            measured.node_level = shares.node_level
            and measured.node_id = shares.node_id
            and measured.period_start = shares.period_start
            and measured.period_end = shares.period_end
            and measured.budget_id is not distinct from shares.budget_id
),

reps as (
    select * from {{ ref('dim_reps') }}
),

-- How many customers there are at a node to be visited or sold to.
owned as (
    select
        customers.customer_id,
        customers.owner_rep_id as rep_id,
        coalesce(reps.team_id, 'unassigned') as team_id,
        coalesce(reps.region_id, 'unassigned') as region_id
    from {{ ref('dim_customers') }} as customers
    left join reps on customers.owner_rep_id = reps.rep_id
    where not customers.is_internal and customers.merged_into_id is null
),

customer_counts as (
    select
        node_levels.node_level,
        {{ node_id('owned') }} as node_id,
        count(*) as customers
    from owned
    cross join {{ node_levels() }}
    group by node_levels.node_level, {{ node_id('owned') }}
),

universes as (
    select
        rules.budget_type_id,
        customer_counts.node_level,
        customer_counts.node_id,
        customer_counts.customers
    from rules
    cross join customer_counts
    where rules.rule = 'at_most_customers'
),

-- What is open and is to close within what is left of the period, in the scope of the budget.
piped as (
    select distinct
        phased.budget_id,
        phased.period_end,
        phased.type_channel
    from phased
    inner join rules
        on phased.budget_type_id = rules.budget_type_id and rules.rule = 'adds_pipeline'
    cross join context
    where phased.is_phased and phased.period_end > context.as_of
),

scopes as (
    select
        budget_id,
        dimension,
        allowed_value
    from {{ ref('int_planning__budget_scopes') }}
    where is_current
),

candidates as (
    select
        piped.budget_id,
        piped.period_end,
        piped.type_channel,
        opportunities.opportunity_id,
        opportunities.rep_id,
        coalesce(reps.team_id, 'unassigned') as team_id,
        coalesce(reps.region_id, 'unassigned') as region_id,
        opportunities.channel,
        opportunities.area_id,
        opportunities.business_category,
        opportunities.purchase_method,
        {{ money_mul('opportunities.amount', 'opportunities.probability') }} as weighted_amount
    from piped
    cross join context
    inner join {{ ref('int_core__opportunities') }} as opportunities
        on
            opportunities.is_open
            and opportunities.expected_close_date >= context.as_of
            and piped.period_end > opportunities.expected_close_date
            and (
                piped.type_channel is null
                or opportunities.channel = piped.type_channel
            )
    left join reps on opportunities.rep_id = reps.rep_id
),

dimension_counts as (
    select
        budget_id,
        count(distinct dimension) as dimensions
    from scopes
    group by budget_id
),

within_scope as (
    select
        candidates.budget_id,
        candidates.opportunity_id,
        candidates.period_end,
        candidates.type_channel,
        count(distinct scopes.dimension) as dimensions
    from candidates
    inner join scopes
        on
            candidates.budget_id = scopes.budget_id
            and scopes.allowed_value = case scopes.dimension
                when 'team_id' then candidates.team_id
                when 'channel' then candidates.channel
                when 'area_id' then candidates.area_id
                when 'business_category' then candidates.business_category
                when 'purchase_method' then candidates.purchase_method
            end
    group by
        candidates.budget_id, candidates.opportunity_id, candidates.period_end,
        candidates.type_channel
),

scoped as (
    select candidates.*
    from candidates
    left join dimension_counts on candidates.budget_id = dimension_counts.budget_id
    left join within_scope
        on
            candidates.budget_id = within_scope.budget_id
            and candidates.opportunity_id = within_scope.opportunity_id
            and candidates.period_end = within_scope.period_end
            and candidates.type_channel is not distinct from within_scope.type_channel
    where coalesce(dimension_counts.dimensions, 0) = coalesce(within_scope.dimensions, 0)
),

pipeline as (
    select
        scoped.budget_id,
        scoped.period_end,
        scoped.type_channel,
        node_levels.node_level,
        {{ node_id('scoped') }} as node_id,
        sum(scoped.weighted_amount) as weighted_amount
    from scoped
    cross join {{ node_levels() }}
    group by
        scoped.budget_id, scoped.period_end, scoped.type_channel, node_levels.node_level,
        {{ node_id('scoped') }}
),

forecast as (
    select
        phased.*,
        context.as_of,
        context.least_elapsed_share,
        case
            when phased.is_phased and phased.target is not null
                then {{ run_rate(
                    'phased.value', 'phased.target', 'phased.elapsed_share',
                    'context.least_elapsed_share', 'phased.accumulates', 'universes.customers',
                ) }}
        end as run_rate,
        case
            when
                piped.budget_id is not null
                and phased.is_phased
                and phased.period_end > context.as_of
                then
                    cast(
                        phased.value + coalesce(pipeline.weighted_amount, 0) as decimal(28, 10)
                    )
        end as pipeline_forecast
    from phased
    cross join context
    left join universes
        on
            phased.budget_type_id = universes.budget_type_id
            and phased.node_level = universes.node_level
            and phased.node_id = universes.node_id
    left join rules as pipeline_rules
        on
            phased.budget_type_id = pipeline_rules.budget_type_id
            and pipeline_rules.rule = 'adds_pipeline'
    left join piped
        on
            pipeline_rules.budget_type_id is not null
            and phased.budget_id = piped.budget_id
            and phased.period_end = piped.period_end
            and phased.type_channel is not distinct from piped.type_channel
    left join pipeline
        on
            phased.budget_id = pipeline.budget_id
            and phased.period_end = pipeline.period_end
            and phased.type_channel is not distinct from pipeline.type_channel
            and phased.node_level = pipeline.node_level
            and phased.node_id = pipeline.node_id
),

methods as (
    select
        *,
        case
            when value is null then null
            when as_of >= period_end then 'final'
            when not is_phased or target is null then 'current_value'
            when elapsed_share < least_elapsed_share or elapsed_share = 0 then 'too_early'
            when accumulates then 'accumulated'
            when pipeline_forecast is not null then 'blended'
            else 'run_rate'
        end as forecast_method
    from forecast
)

select
    subject_type,
    subject_id,
    node_level,
    node_id,
    is_phased,
    cast(elapsed_share as decimal(28, 10)) as elapsed_share,
    workdays_elapsed,
    workdays_remaining,
    cast(expected_to_date as decimal(28, 10)) as expected_to_date,
    cast(case when forecast_method <> 'final' then run_rate end as decimal(28, 10))
        as forecast_run_rate,
    cast(case when forecast_method <> 'final' then pipeline_forecast end as decimal(28, 10))
        as forecast_pipeline,
    cast(
        case forecast_method
            when 'final' then value
            when 'current_value' then value
            when 'blended' then {{ blended('run_rate', 'pipeline_forecast', 'elapsed_share') }}
            else run_rate
        end as decimal(28, 10)
    ) as forecast,
    forecast_method
from methods
