-- What a night computes again: periods that reach into the rebuilt months, and with today's
-- knowledge those that hold, or are compared with, a month of which a late row has changed. Where
-- the code is not the base's, all of them.
with context as (
    select * from {{ ref('int_core__context') }}
),

rebuild as (
    select * from {{ ref('int_core__rebuild') }}
),

registry as (
    select
        budget_type_id,
        time_shape,
        coalesce(rolling_months, 0) as rolling_months
    from {{ ref('budget_type_registry') }}
),

bases as (
    select basis
    from (values ('reported'), ('restated')) as bases (basis)
),

periods as (
    select
        registry.budget_type_id,
        periods.period_type,
        periods.period_start,
        periods.campaign_id,
        periods.period_end,
        case
            when registry.rolling_months = 0 then periods.period_start
            else least(
                periods.period_start,
                {{ add_months('periods.period_end', '-registry.rolling_months') }}
            )
        end as window_start
    from registry
    inner join {{ ref('budget_type_periods') }} as type_periods
        on registry.budget_type_id = type_periods.budget_type_id
    inner join {{ ref('int_core__periods') }} as periods
        on type_periods.period_type = periods.period_type
),

late_months as (
    select distinct
        budget_type_id,
        {{ trunc_date('month', 'event_piece') }} as event_month
    from {{ ref('int_outcomes__late_changes') }}
),

-- The second row of a month stands for the comparison a year later, weeks included.
spans as (
    select
        budget_type_id,
        event_month as span_start,
        {{ add_months('event_month', 1) }} as span_end
    from late_months

    union all

    select
        budget_type_id,
        {{ add_days(add_months('event_month', 12), -7) }} as span_start,
        {{ add_days(add_months('event_month', 13), 7) }} as span_end
    from late_months
),

touched as (
    select
        periods.budget_type_id,
        bases.basis,
        periods.period_type,
        periods.period_start,
        periods.campaign_id
    from periods
    cross join bases
    cross join rebuild
    cross join context
    where periods.period_end > rebuild.rebuild_from or context.is_recounted

    union

    select
        periods.budget_type_id,
        'restated' as basis,
        periods.period_type,
        periods.period_start,
        periods.campaign_id
    from periods
    inner join spans
        on
            periods.budget_type_id = spans.budget_type_id
            and periods.window_start < spans.span_end
            and periods.period_end > spans.span_start

    union

    select
        registry.budget_type_id,
        bases.basis,
        'snapshot' as period_type,
        context.as_of as period_start,
        '' as campaign_id
    from registry
    cross join bases
    cross join context
    where registry.time_shape = 'snapshot'
)

select
    budget_type_id,
    basis,
    period_type,
    period_start,
    campaign_id
from touched
