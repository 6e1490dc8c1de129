with context as (
    select * from {{ ref('int_core__context') }}
),

dates as (
    select * from {{ ref('int_core__dates') }}
),

checkpoints as (
    select
        checkpoints.*,
        context.as_of,
        checkpoints.date as checkpoint_on,
        checkpoints.action_text is not null or checkpoints.done_at is not null
        or coalesce(checkpoints.decision in ('act', 'adjust_target'), false) as has_action
    from {{ ref('stg_canonical__checkpoints') }} as checkpoints
    inner join context on {{ known_at('checkpoints', 'context.cut_off_utc') }}
    where not checkpoints.is_deleted
),

-- The period of the KPI that the check-point lies in; it may be one that is still to come.
kpi_periods as (
    select
        kpis.kpi_id,
        coalesce(max(kpis.sales_period), 'quarter') as sales_period
    from {{ ref('stg_canonical__kpis') }} as kpis
    inner join context on {{ known_at('kpis', 'context.cut_off_utc') }}
    where not kpis.is_deleted
    group by kpis.kpi_id
),

placed as (
    select
        checkpoints.*,
        kpi_periods.sales_period,
        case kpi_periods.sales_period
            when 'month' then {{ trunc_date('month', 'checkpoints.checkpoint_on') }}
            when 'year' then {{ trunc_date('year', 'checkpoints.checkpoint_on') }}
            else {{ trunc_date('quarter', 'checkpoints.checkpoint_on') }}
        end as period_start,
        case kpi_periods.sales_period when 'month' then 1 when 'year' then 12 else 3 end as months
    from checkpoints
    inner join kpi_periods on checkpoints.kpi_id = kpi_periods.kpi_id
),

bounded as (
    select
        *,
        {{ add_months('period_start', 'months') }} as period_end
    from placed
),

worked as (
    select
        bounded.*,
        at_date.workday_no,
        before_date.workday_no - before_start.workday_no as workdays_gone,
        at_end.workday_no - before_start.workday_no as workdays
    from bounded
    left join dates as at_date on bounded.checkpoint_on = at_date.date_day
    left join dates as before_date
        on {{ add_days('bounded.checkpoint_on', -1) }} = before_date.date_day
    left join dates as before_start
        on {{ add_days('bounded.period_start', -1) }} = before_start.date_day
    left join dates as at_end on {{ add_days('bounded.period_end', -1) }} = at_end.date_day
),

answered as (
    select
        worked.*,
        answer_days.date_day as answer_by
    from worked
    inner join {{ ref('int_scoring__parameters') }} as parameters
        on worked.as_of >= parameters.valid_from and worked.as_of < parameters.valid_to
    left join dates as answer_days
        on
            worked.workday_no + cast(parameters.answer_workdays as integer)
            = answer_days.workday_no
            and answer_days.is_workday
),

-- What the company's figure showed on the day of the check-point.
shown as (
    select
        kpi_id,
        as_of,
        value,
        status,
        pace
    from {{ ref('int_scoring__frozen_scores') }}
    where subject_type = 'kpi' and node_level = 'company'

    union all

    select
        scores.kpi_id,
        context.as_of,
        scores.value,
        scores.status,
        scores.pace
    from {{ ref('int_scoring__scores') }} as scores
    cross join context
    where scores.subject_type = 'kpi' and scores.node_level = 'company'
),

final as (
    select
        answered.*,
        coalesce(cast(answered.outcome as decimal(28, 10)), shown.value) as outcome_then,
        coalesce(answered.status, shown.status) as status_then,
        shown.pace,
        lead(shown.pace) over (
            partition by answered.kpi_id, answered.period_start
            order by answered.checkpoint_on, answered.checkpoint_id
        ) as next_pace
    from answered
    left join shown
        on answered.kpi_id = shown.kpi_id and answered.checkpoint_on = shown.as_of
)

select
    final.checkpoint_id,
    final.kpi_id,
    final.sales_period_id,
    final.checkpoint_on,
    final.sales_period as period_type,
    final.period_start,
    final.period_end,
    cast(
        coalesce(final.planned_share, {{ ratio('final.workdays_gone', 'final.workdays') }})
        as decimal(28, 10)
    ) as planned_share,
    least(
        coalesce(final.created_at, final.created_recorded_at), final.created_recorded_at
    ) as created_at,
    cast(final.outcome_then as decimal(28, 10)) as outcome,
    final.status_then as status,
    final.pace,
    cast(case when final.has_action then final.next_pace - final.pace end as decimal(28, 10))
        as pace_change,
    final.decision,
    final.action_text,
    final.action_owner,
    final.due_date,
    final.done_at,
    final.feedback_text,
    final.feedback_by,
    final.adjusted_target_version,
    final.has_action,
    final.answer_by,
    coalesce(
        final.status_then in ('behind', 'at_risk')
        and not final.has_action
        and final.as_of > final.answer_by,
        false
    ) as is_unanswered,
    coalesce(
        final.checkpoint_on <= sales_periods.start_date
        or final.checkpoint_on >= sales_periods.end_date_excl,
        false
    ) as is_outside
from final
cross join context
left join {{ ref('stg_canonical__sales_periods') }} as sales_periods
    on
        final.sales_period_id = sales_periods.sales_period_id
        and {{ known_at('sales_periods', 'context.cut_off_utc') }}
        and not sales_periods.is_deleted
