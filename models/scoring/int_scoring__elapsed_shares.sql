with context as (
    select
        context.*,
        {{ trunc_date('month', 'context.as_of') }} as this_month,
        parameters.full_day_hours
    from {{ ref('int_core__context') }} as context
    inner join {{ ref('int_planning__parameters') }} as parameters
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

wanted as (
    select distinct
        budget_id,
        node_level,
        node_id,
        period_start,
        period_end
    from {{ ref('int_scoring__measures') }}
),

open_periods as (
    select distinct
        wanted.period_start,
        wanted.period_end
    from wanted
    inner join context on wanted.period_end > context.as_of
),

-- The months of a period, each cut at S.
parts as (
    select
        open_periods.period_start,
        open_periods.period_end,
        dates.month_start,
        min(dates.date_day) as first_day,
        {{ add_days('max(dates.date_day)', 1) }} as end_day,
        least(
            greatest(max(context.as_of), min(dates.date_day)),
            {{ add_days('max(dates.date_day)', 1) }}
        ) as cut_day
    from open_periods
    cross join context
    inner join {{ ref('int_core__dates') }} as dates
        on
            open_periods.period_start <= dates.date_day
            and open_periods.period_end > dates.date_day
    group by open_periods.period_start, open_periods.period_end, dates.month_start
),

workdays as (
    select * from {{ ref('int_scoring__workdays') }}
),

-- The company's working days; of a part that has none, all its days.
company_parts as (
    select
        parts.*,
        cut.workdays_before - begun.workdays_before as workdays_elapsed,
        ended.workdays_before - cut.workdays_before as workdays_remaining,
        case
            when ended.workdays_before > begun.workdays_before
                then cut.workdays_before - begun.workdays_before
            else {{ days_between('parts.first_day', 'parts.cut_day') }}
        end as elapsed_days,
        case
            when ended.workdays_before > begun.workdays_before
                then ended.workdays_before - begun.workdays_before
            else {{ days_between('parts.first_day', 'parts.end_day') }}
        end as all_days
    from parts
    cross join context
    inner join workdays as begun
        on
            context.company_calendar_id = begun.calendar_id
            and parts.first_day = begun.date_day
    inner join workdays as cut
        on context.company_calendar_id = cut.calendar_id and parts.cut_day = cut.date_day
    inner join workdays as ended
        on context.company_calendar_id = ended.calendar_id and parts.end_day = ended.date_day
),

reps as (
    select
        reps.rep_id,
        coalesce(reps.calendar_id, context.company_calendar_id) as calendar_id,
        cast(coalesce(reps.fte, 1) as decimal(8, 4)) as fte,
        coalesce(reps.hire_date, cast('1900-01-01' as date)) as hire_date,
        coalesce({{ add_days('reps.leave_date', 1) }}, cast('9999-12-31' as date)) as left_on
    from {{ ref('stg_canonical__reps') }} as reps
    inner join context on {{ known_at('reps', 'context.cut_off_utc') }}
    where not reps.is_deleted
),

present as (
    select
        reps.rep_id,
        reps.calendar_id,
        reps.fte,
        parts.period_start,
        parts.period_end,
        parts.month_start,
        least(greatest(parts.first_day, reps.hire_date), parts.end_day) as works_from,
        greatest(
            least(greatest(parts.first_day, reps.hire_date), parts.end_day),
            least(parts.end_day, reps.left_on)
        ) as works_to,
        parts.cut_day
    from reps
    cross join parts
),

placed as (
    select
        rep_id,
        calendar_id,
        fte,
        period_start,
        period_end,
        month_start,
        works_from,
        works_to,
        least(greatest(cut_day, works_from), works_to) as cut_day
    from present
),

-- A day off takes from the day what it has of it, and never more than the day.
absences as (
    select
        absences.rep_id,
        absences.date,
        workdays.month_start,
        least(
            reps.fte,
            {{ ratio('absences.hours', 'context.full_day_hours', 4, decimals=4) }}
        ) as absent,
        case
            when
                {{ ratio('absences.hours', 'context.full_day_hours', 4, decimals=4) }} >= reps.fte
                then 1
            else 0
        end as is_whole_day
    from {{ ref('stg_canonical__rep_absences') }} as absences
    inner join context on {{ known_at('absences', 'context.cut_off_utc') }}
    inner join reps on absences.rep_id = reps.rep_id
    inner join workdays
        on
            reps.calendar_id = workdays.calendar_id
            and absences.date = workdays.date_day
            and workdays.is_workday
    where not absences.is_deleted and absences.hours > 0
),

away as (
    select
        placed.rep_id,
        placed.period_start,
        placed.period_end,
        placed.month_start,
        sum(case when absences.date < placed.cut_day then absences.absent else 0 end)
            as absent_elapsed,
        sum(absences.absent) as absent_all,
        sum(case when absences.date < placed.cut_day then absences.is_whole_day else 0 end)
            as whole_days_elapsed,
        sum(absences.is_whole_day) as whole_days_all
    from placed
    inner join absences
        on
            placed.rep_id = absences.rep_id
            and placed.month_start = absences.month_start
            and placed.works_from <= absences.date
            and placed.works_to > absences.date
    group by placed.rep_id, placed.period_start, placed.period_end, placed.month_start
),

worked as (
    select
        placed.rep_id,
        placed.period_start,
        placed.period_end,
        placed.month_start,
        cut.workdays_before - begun.workdays_before
        - coalesce(away.whole_days_elapsed, 0) as workdays_elapsed,
        ended.workdays_before - cut.workdays_before
        - coalesce(away.whole_days_all - away.whole_days_elapsed, 0) as workdays_remaining,
        (cut.workdays_before - begun.workdays_before) * placed.fte
        - coalesce(away.absent_elapsed, 0) as elapsed_days,
        (ended.workdays_before - begun.workdays_before) * placed.fte
        - coalesce(away.absent_all, 0) as all_days
    from placed
    inner join workdays as begun
        on placed.calendar_id = begun.calendar_id and placed.works_from = begun.date_day
    inner join workdays as cut
        on placed.calendar_id = cut.calendar_id and placed.cut_day = cut.date_day
    inner join workdays as ended
        on placed.calendar_id = ended.calendar_id and placed.works_to = ended.date_day
    left join away
        on
            placed.rep_id = away.rep_id
            and placed.period_start = away.period_start
            and placed.period_end = away.period_end
            and placed.month_start = away.month_start
),

-- A month in which the rep does not work goes by the company's calendar.
rep_parts as (
    select
        worked.rep_id,
        worked.period_start,
        worked.period_end,
        worked.month_start,
        worked.workdays_elapsed,
        worked.workdays_remaining,
        cast(
            case
                when worked.all_days > 0 then worked.elapsed_days
                else company_parts.elapsed_days
            end as decimal(18, 4)
        ) as elapsed_days,
        cast(
            case when worked.all_days > 0 then worked.all_days else company_parts.all_days end
            as decimal(18, 4)
        ) as all_days
    from worked
    inner join company_parts
        on
            worked.period_start = company_parts.period_start
            and worked.period_end = company_parts.period_end
            and worked.month_start = company_parts.month_start
),

company_periods as (
    select
        period_start,
        period_end,
        sum(workdays_elapsed) as workdays_elapsed,
        sum(workdays_remaining) as workdays_remaining,
        {{ ratio('sum(elapsed_days)', 'sum(all_days)', decimals=4) }} as elapsed_share
    from company_parts
    group by period_start, period_end
),

rep_periods as (
    select
        'rep' as node_level,
        rep_id,
        period_start,
        period_end,
        sum(workdays_elapsed) as workdays_elapsed,
        sum(workdays_remaining) as workdays_remaining,
        {{ ratio('sum(elapsed_days)', 'sum(all_days)', decimals=4) }} as elapsed_share
    from rep_parts
    group by rep_id, period_start, period_end
),

-- From here on budgets whose months have targets: the months are the phasing.
budget_periods as (
    select distinct
        wanted.budget_id,
        wanted.period_start,
        wanted.period_end
    from wanted
    inner join context
        on wanted.period_end > context.as_of and wanted.period_start < context.as_of
    where wanted.budget_id is not null
),

month_targets as (
    select
        budget_periods.budget_id,
        budget_periods.period_start,
        budget_periods.period_end,
        targets.node_level,
        targets.node_id,
        targets.month,
        targets.target,
        context.this_month
    from budget_periods
    cross join context
    inner join {{ ref('int_planning__targets') }} as targets
        on
            budget_periods.budget_id = targets.budget_id
            and targets.month >= {{ trunc_date('month', 'budget_periods.period_start') }}
            and budget_periods.period_end > targets.month
    where targets.target_mode <> 'same_level'
),

last_month as (
    select max(month_start) as month_start
    from {{ ref('int_core__booking_months') }}
),

-- What each rep was to have reached of this month, with the team of the month's first day.
this_month as (
    select
        targets.budget_id,
        targets.period_start,
        targets.period_end,
        targets.node_id as rep_id,
        targets.target,
        {{ ratio(
            'cast(targets.target as decimal(19, 4)) * cast('
            ~ 'coalesce(rep_parts.elapsed_days, company_parts.elapsed_days) as decimal(8, 4))',
            'coalesce(rep_parts.all_days, company_parts.all_days)',
        ) }} as expected,
        coalesce(rep_nodes.team_id, 'unassigned') as team_id,
        coalesce(rep_nodes.region_id, 'unassigned') as region_id
    from month_targets as targets
    cross join last_month
    inner join company_parts
        on
            targets.period_start = company_parts.period_start
            and targets.period_end = company_parts.period_end
            and targets.month = company_parts.month_start
    left join rep_parts
        on
            targets.node_id = rep_parts.rep_id
            and targets.period_start = rep_parts.period_start
            and targets.period_end = rep_parts.period_end
            and targets.month = rep_parts.month_start
    left join {{ ref('int_core__rep_nodes') }} as rep_nodes
        on
            least(targets.month, last_month.month_start) = rep_nodes.booking_month
            and targets.node_id = rep_nodes.rep_id
            and company_parts.first_day >= rep_nodes.valid_from
            and company_parts.first_day < rep_nodes.valid_to
    where targets.node_level = 'rep' and targets.month = targets.this_month
),

node_months as (
    select
        this_month.budget_id,
        this_month.period_start,
        this_month.period_end,
        node_levels.node_level,
        {{ node_id('this_month') }} as node_id,
        sum(this_month.target) as target,
        sum(this_month.expected) as expected
    from this_month
    cross join {{ node_levels() }}
    group by
        this_month.budget_id, this_month.period_start, this_month.period_end,
        node_levels.node_level, {{ node_id('this_month') }}
),

-- A node's month is what its reps were to have reached. What the node is asked for beside them, by
-- hand or because more was divided than decided, is expected as the rest is.
expected as (
    select
        targets.budget_id,
        targets.period_start,
        targets.period_end,
        targets.node_level,
        targets.node_id,
        targets.target,
        case
            when targets.month < targets.this_month
                then cast(targets.target as decimal(28, 10))
            when targets.month > targets.this_month then cast(0 as decimal(28, 10))
            else
                cast(
                    coalesce(node_months.expected, 0)
                    + {{ share_of(
                        'targets.target - coalesce(node_months.target, 0)',
                        'coalesce('
                        ~ ratio('node_months.expected', 'node_months.target') ~ ', '
                        ~ ratio('company_parts.elapsed_days', 'company_parts.all_days', decimals=4)
                        ~ ')'
                    ) }}
                    as decimal(28, 10)
                )
        end as expected
    from month_targets as targets
    inner join company_parts
        on
            targets.period_start = company_parts.period_start
            and targets.period_end = company_parts.period_end
            and targets.month = company_parts.month_start
    left join node_months
        on
            targets.budget_id = node_months.budget_id
            and targets.period_start = node_months.period_start
            and targets.period_end = node_months.period_end
            and targets.node_level = node_months.node_level
            and targets.node_id = node_months.node_id
),

planned as (
    select
        budget_id,
        period_start,
        period_end,
        node_level,
        node_id,
        sum(target) as target,
        sum(expected) as expected_to_date,
        {{ ratio('sum(expected)', 'sum(target)') }} as elapsed_share
    from expected
    group by budget_id, period_start, period_end, node_level, node_id
)

select
    wanted.budget_id,
    wanted.node_level,
    wanted.node_id,
    wanted.period_start,
    wanted.period_end,
    cast(planned.target as decimal(28, 4)) as planned_target,
    cast(planned.expected_to_date as decimal(28, 10)) as planned_to_date,
    cast(
        case
            when context.as_of >= wanted.period_end then 1
            when context.as_of <= wanted.period_start then 0
            else
                coalesce(
                    planned.elapsed_share,
                    rep_periods.elapsed_share,
                    company_periods.elapsed_share
                )
        end as decimal(28, 10)
    ) as elapsed_share,
    cast(
        coalesce(rep_periods.workdays_elapsed, company_periods.workdays_elapsed) as integer
    ) as workdays_elapsed,
    cast(
        case
            when context.as_of >= wanted.period_end then 0
            else coalesce(rep_periods.workdays_remaining, company_periods.workdays_remaining)
        end as integer
    ) as workdays_remaining
from wanted
cross join context
left join company_periods
    on
        wanted.period_start = company_periods.period_start
        and wanted.period_end = company_periods.period_end
left join rep_periods
    on
        wanted.node_level = rep_periods.node_level
        and wanted.node_id = rep_periods.rep_id
        and wanted.period_start = rep_periods.period_start
        and wanted.period_end = rep_periods.period_end
left join planned
    on
        wanted.budget_id = planned.budget_id
        and wanted.node_level = planned.node_level
        and wanted.node_id = planned.node_id
        and wanted.period_start = planned.period_start
        and wanted.period_end = planned.period_end
