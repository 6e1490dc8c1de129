with rules as (
    select * from {{ ref('gaming_signal_rules') }}
),

periods as (
    select * from {{ ref('int_scoring__signal_periods') }}
),

meetings as (
    select * from {{ ref('int_scoring__held_meetings') }}
),

short_periods as (
    select periods.*
    from periods
    inner join rules on rules.signal_id = 'G-3' and periods.period_type = rules.period_type
),

-- A short meeting has a twin when the same rep had another one with the customer within days.
short_meetings as (
    select
        meetings.activity_id,
        meetings.rep_id,
        meetings.event_date,
        lag(meetings.event_date) over (
            partition by meetings.rep_id, meetings.customer_id
            order by meetings.event_date, meetings.activity_id
        ) as earlier_on,
        lead(meetings.event_date) over (
            partition by meetings.rep_id, meetings.customer_id
            order by meetings.event_date, meetings.activity_id
        ) as later_on
    from meetings
    inner join short_periods
        on
            meetings.event_date >= short_periods.period_start
            and meetings.event_date < short_periods.period_end
            and meetings.minutes < short_periods.short_minutes
),

repeated as (
    select
        short_meetings.activity_id,
        short_meetings.rep_id
    from short_meetings
    inner join short_periods
        on
            short_meetings.event_date >= short_periods.period_start
            and short_meetings.event_date < short_periods.period_end
    where
        {{ days_between('short_meetings.earlier_on', 'short_meetings.event_date') }}
        < short_periods.short_days
        or {{ days_between('short_meetings.event_date', 'short_meetings.later_on') }}
        < short_periods.short_days
),

counted as (
    select
        periods.period_type,
        periods.period_start,
        meetings.rep_id,
        count(*) as meetings,
        sum(case when meetings.workday_no > periods.catch_up_after then 1 else 0 end)
            as late_meetings,
        sum(
            case
                when meetings.workday_no > periods.catch_up_after and meetings.is_loyal_customer
                    then 1
                else 0
            end
        ) as late_loyal,
        sum(
            case
                when meetings.workday_no <= periods.catch_up_after and meetings.is_loyal_customer
                    then 1
                else 0
            end
        ) as rest_loyal,
        sum(case when meetings.workday_no <= periods.pace_until then 1 else 0 end)
            as meetings_until,
        sum(case when meetings.workday_no > periods.spike_after then 1 else 0 end)
            as spike_meetings,
        sum(case when repeated.activity_id is not null then 1 else 0 end) as short_repeats
    from meetings
    inner join periods
        on
            meetings.event_date >= periods.period_start
            and meetings.event_date < periods.period_end
    left join repeated
        on meetings.activity_id = repeated.activity_id and meetings.rep_id = repeated.rep_id
    group by periods.period_type, periods.period_start, meetings.rep_id
),

-- The most demanding target that the rep had for the meetings of the period.
budget_targets as (
    select
        periods.period_type,
        periods.period_start,
        targets.node_id as rep_id,
        targets.budget_id,
        sum(targets.target) as target
    from {{ ref('int_planning__targets') }} as targets
    inner join rules
        on rules.signal_id = 'G-1' and targets.budget_type_id = rules.budget_type_id
    inner join periods
        on
            rules.period_type = periods.period_type
            and targets.month >= periods.period_start
            and targets.month < periods.period_end
    where targets.node_level = 'rep'
    group by periods.period_type, periods.period_start, targets.node_id, targets.budget_id
),

rep_targets as (
    select
        period_type,
        period_start,
        rep_id,
        max(target) as target
    from budget_targets
    group by period_type, period_start, rep_id
),

customer_visits as (
    select
        periods.period_type,
        periods.period_start,
        meetings.rep_id,
        meetings.customer_id,
        count(*) as visits
    from meetings
    inner join periods
        on
            meetings.event_date >= periods.period_start
            and meetings.event_date < periods.period_end
    group by
        periods.period_type, periods.period_start, meetings.rep_id, meetings.customer_id
),

ranked as (
    select
        *,
        row_number() over (
            partition by period_type, period_start, rep_id
            order by visits desc, customer_id asc
        ) as place
    from customer_visits
),

concentrations as (
    select
        ranked.period_type,
        ranked.period_start,
        ranked.rep_id,
        sum(ranked.visits) as visits,
        sum(ranked.visits * ranked.visits) as squares,
        sum(case when ranked.place <= periods.top_customers then ranked.visits else 0 end)
            as top_visits
    from ranked
    inner join periods
        on
            ranked.period_type = periods.period_type
            and ranked.period_start = periods.period_start
    group by ranked.period_type, ranked.period_start, ranked.rep_id
),

assigned as (
    select
        periods.period_type,
        periods.period_start,
        owners.rep_id,
        count(distinct owners.customer_id) as customers
    from {{ ref('int_core__customer_owners') }} as owners
    cross join {{ ref('int_core__context') }} as context
    inner join periods
        on
            owners.valid_from < periods.period_end
            and owners.valid_to >= periods.period_end
    where owners.role = 'owner' and {{ known_at('owners', 'context.cut_off_utc') }}
    group by periods.period_type, periods.period_start, owners.rep_id
),

observed as (
    select
        'G-1' as signal_id,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        counted.rep_id,
        counted.late_meetings as cases,
        periods.least_signal_cases as least_cases,
        counted.late_loyal as part,
        counted.late_meetings as whole,
        -- A rest without a loyal customer is taken as if it had one.
        {{ ratio(
            'counted.late_loyal * (counted.meetings - counted.late_meetings)',
            'counted.late_meetings * greatest(counted.rest_loyal, 1)',
        ) }} as observed,
        cast(periods.catch_up_ratio as decimal(28, 10)) as threshold,
        {{ ratio(
            'counted.meetings_until * periods.workdays',
            'rep_targets.target * periods.pace_workdays',
            10, decimals=4
        ) }} as second_observed,
        cast(1 as decimal(28, 10)) as second_threshold
    from counted
    inner join periods
        on
            counted.period_type = periods.period_type
            and counted.period_start = periods.period_start
    left join rep_targets
        on
            counted.period_type = rep_targets.period_type
            and counted.period_start = rep_targets.period_start
            and counted.rep_id = rep_targets.rep_id

    union all

    select
        'G-2' as signal_id,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        counted.rep_id,
        counted.meetings as cases,
        periods.least_signal_cases as least_cases,
        counted.spike_meetings as part,
        counted.meetings as whole,
        {{ ratio(
            'counted.spike_meetings * (periods.workdays - periods.spike_workdays)',
            'periods.spike_workdays * greatest(counted.meetings - counted.spike_meetings, 1)',
        ) }} as observed,
        cast(periods.spike_ratio as decimal(28, 10)) as threshold,
        cast(null as decimal(28, 10)) as second_observed,
        cast(null as decimal(28, 10)) as second_threshold
    from counted
    inner join periods
        on
            counted.period_type = periods.period_type
            and counted.period_start = periods.period_start

    union all

    select
        'G-3' as signal_id,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        counted.rep_id,
        counted.meetings as cases,
        periods.least_signal_cases as least_cases,
        counted.short_repeats as part,
        counted.meetings as whole,
        {{ ratio('counted.short_repeats', 'counted.meetings') }} as observed,
        cast(periods.short_share as decimal(28, 10)) as threshold,
        cast(null as decimal(28, 10)) as second_observed,
        cast(null as decimal(28, 10)) as second_threshold
    from counted
    inner join periods
        on
            counted.period_type = periods.period_type
            and counted.period_start = periods.period_start

    union all

    select
        'G-4' as signal_id,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        concentrations.rep_id,
        concentrations.visits as cases,
        periods.least_signal_cases as least_cases,
        concentrations.top_visits as part,
        assigned.customers as whole,
        {{ ratio(
            'concentrations.squares * assigned.customers',
            'concentrations.visits * concentrations.visits',
        ) }} as observed,
        cast(periods.concentration_ratio as decimal(28, 10)) as threshold,
        case
            when assigned.customers >= periods.least_assigned
                then {{ ratio('concentrations.top_visits', 'concentrations.visits') }}
        end as second_observed,
        cast(periods.top_share as decimal(28, 10)) as second_threshold
    from concentrations
    inner join periods
        on
            concentrations.period_type = periods.period_type
            and concentrations.period_start = periods.period_start
    inner join assigned
        on
            concentrations.period_type = assigned.period_type
            and concentrations.period_start = assigned.period_start
            and concentrations.rep_id = assigned.rep_id
)

select
    observed.signal_id,
    observed.period_type,
    observed.period_start,
    observed.period_end,
    observed.rep_id,
    cast(observed.cases as integer) as cases,
    cast(observed.part as decimal(28, 4)) as part,
    cast(observed.whole as decimal(28, 4)) as whole,
    observed.observed,
    observed.threshold,
    cast(observed.second_observed as decimal(28, 10)) as second_observed,
    observed.second_threshold,
    coalesce(
        observed.cases >= observed.least_cases
        and case observed.signal_id
            when 'G-1'
                then
                    observed.observed >= observed.threshold
                    and observed.second_observed < observed.second_threshold
            when 'G-4'
                then
                    observed.observed >= observed.threshold
                    or coalesce(observed.second_observed > observed.second_threshold, false)
            else observed.observed >= observed.threshold
        end,
        false
    ) as is_flagged
from observed
inner join rules
    on observed.signal_id = rules.signal_id and observed.period_type = rules.period_type
where observed.cases > 0
