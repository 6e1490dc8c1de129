with context as (
    select * from {{ ref('int_core__context') }}
),

rules as (
    select * from {{ ref('gaming_signal_rules') }}
),

periods as (
    select * from {{ ref('int_scoring__signal_periods') }}
),

reported as (
    select
        periods.period_type,
        periods.period_start,
        meetings.activity_id,
        meetings.rep_id,
        meetings.reported_at,
        {{ days_between('meetings.event_date', local_date('meetings.reported_at')) }}
        > periods.late_report_days as is_late,
        dates.workday_no >= periods.last_workday and meetings.reported_at < periods.ends_at
            as is_on_last_day,
        cast(periods.batch_minutes * 60 as integer) as batch_seconds
    from {{ ref('int_scoring__held_meetings') }} as meetings
    inner join periods
        on
            meetings.event_date >= periods.period_start
            and meetings.event_date < periods.period_end
    inner join {{ ref('int_core__dates') }} as dates
        on dates.date_day = {{ local_date('meetings.reported_at') }}
    inner join rules on rules.signal_id = 'G-5' and periods.period_type = rules.period_type
),

-- How many reports of the last day were written within minutes after each of them.
batches as (
    select
        first_reports.period_type,
        first_reports.period_start,
        first_reports.rep_id,
        first_reports.activity_id,
        count(distinct later_reports.activity_id) as reports
    from reported as first_reports
    inner join reported as later_reports
        on
            first_reports.period_type = later_reports.period_type
            and first_reports.period_start = later_reports.period_start
            and first_reports.rep_id = later_reports.rep_id
            and later_reports.reported_at >= first_reports.reported_at
            and {{ minutes_between('first_reports.reported_at', 'later_reports.reported_at') }} * 60
            < first_reports.batch_seconds
    where first_reports.is_on_last_day and later_reports.is_on_last_day
    group by
        first_reports.period_type,
        first_reports.period_start,
        first_reports.rep_id,
        first_reports.activity_id
),

largest_batches as (
    select
        period_type,
        period_start,
        rep_id,
        max(reports) as reports
    from batches
    group by period_type, period_start, rep_id
),

late_counts as (
    select
        period_type,
        period_start,
        rep_id,
        count(*) as meetings,
        sum(case when is_late then 1 else 0 end) as late_meetings
    from reported
    group by period_type, period_start, rep_id
),

-- What a version of a meeting says of the day it is planned for, and from when to when it said so.
plans as (
    select distinct
        activities.activity_id,
        activities.owner_rep_id as rep_id,
        {{ local_date('activities.start_at') }} as planned_on,
        case
            when activities.status = 'planned'
                then least(activities.known_from, activities.created_recorded_at)
            else activities.created_recorded_at
        end as said_from,
        case
            when activities.status = 'planned' then activities.known_to
            else activities.known_from
        end as said_to
    from {{ ref('stg_canonical__activities') }} as activities
    inner join {{ ref('activity_types') }} as activity_types
        on
            activities.type = activity_types.activity_type
            and activity_types.is_customer_meeting
    inner join context on activities.known_from < context.cut_off_utc
    where
        activities.owner_rep_id is not null
        and activities.start_at is not null
        and not activities.is_deleted
),

held as (
    select
        activities.activity_id,
        {{ local_date('activities.start_at') }} as held_on
    from {{ ref('stg_canonical__activities') }} as activities
    inner join context on {{ known_at('activities', 'context.cut_off_utc') }}
    where activities.status = 'held' and not activities.is_deleted
),

-- Plans that counted among the meetings of the next days on some night before their own.
counted_plans as (
    select distinct
        periods.period_type,
        periods.period_start,
        plans.rep_id,
        plans.activity_id,
        plans.planned_on
    from plans
    inner join periods
        on
            plans.planned_on >= periods.period_start
            and plans.planned_on < periods.period_end
            and plans.said_from < {{ local_midnight_utc('plans.planned_on') }}
            and plans.said_to > {{ local_midnight_utc(
                add_days('plans.planned_on', '1 - cast(periods.planned_days as integer)')
            ) }}
    inner join rules on rules.signal_id = 'G-6' and periods.period_type = rules.period_type
),

plan_counts as (
    select
        counted_plans.period_type,
        counted_plans.period_start,
        counted_plans.rep_id,
        count(*) as planned_meetings,
        sum(case when held.activity_id is null then 1 else 0 end) as never_held
    from counted_plans
    left join held
        on
            counted_plans.activity_id = held.activity_id
            and counted_plans.planned_on = held.held_on
    group by counted_plans.period_type, counted_plans.period_start, counted_plans.rep_id
),

observed as (
    select
        'G-5' as signal_id,
        late_counts.period_type,
        late_counts.period_start,
        late_counts.rep_id,
        late_counts.meetings as cases,
        greatest(late_counts.late_meetings, coalesce(largest_batches.reports, 0)) as part,
        late_counts.meetings as whole,
        {{ ratio('late_counts.late_meetings', 'late_counts.meetings') }} as observed,
        cast(coalesce(largest_batches.reports, 0) as decimal(28, 10)) as second_observed
    from late_counts
    left join largest_batches
        on
            late_counts.period_type = largest_batches.period_type
            and late_counts.period_start = largest_batches.period_start
            and late_counts.rep_id = largest_batches.rep_id

    union all

    select
        'G-6' as signal_id,
        period_type,
        period_start,
        rep_id,
        planned_meetings as cases,
        never_held as part,
        planned_meetings as whole,
        {{ ratio('never_held', 'planned_meetings') }} as observed,
        cast(null as decimal(28, 10)) as second_observed
    from plan_counts
)

select
    observed.signal_id,
    observed.period_type,
    observed.period_start,
    periods.period_end,
    observed.rep_id,
    cast(observed.cases as integer) as cases,
    cast(observed.part as decimal(28, 4)) as part,
    cast(observed.whole as decimal(28, 4)) as whole,
    observed.observed,
    cast(
        case observed.signal_id
            when 'G-5' then periods.late_report_share
            else periods.ghost_share
        end
        as decimal(28, 10)
    ) as threshold,
    observed.second_observed,
    cast(case observed.signal_id when 'G-5' then periods.batch_meetings end as decimal(28, 10))
        as second_threshold,
    observed.cases >= periods.least_signal_cases
    and case observed.signal_id
        when 'G-5'
            then
                observed.observed >= periods.late_report_share
                or observed.second_observed >= periods.batch_meetings
        else observed.observed >= periods.ghost_share
    end as is_flagged
from observed
inner join periods
    on
        observed.period_type = periods.period_type
        and observed.period_start = periods.period_start
