with context as (
    select * from {{ ref('int_core__context') }}
),

registry as (
    select
        budget_type_id,
        time_shape,
        coalesce(rolling_months, 0) as rolling_months,
        fills,
        formula
    from {{ ref('budget_type_registry') }}
),

rebuild as (
    select rebuild_from from {{ ref('int_core__rebuild') }}
),

scopes as (
    select
        scope_id,
        {{ hash_key([agg_list("dimension || '=' || allowed_value", 'dimension, allowed_value')]) }}
            as scope_hash,
        count(
            distinct case when dimension not in ('team_id', 'rep_id') then dimension end
        ) as dimensions
    from {{ ref('int_scoring__scopes') }}
    group by scope_id
),

numbered_budgets as (
    select
        budgets.*,
        row_number() over (
            partition by budgets.budget_id order by budgets.version desc
        ) as newest
    from {{ ref('int_planning__budgets') }} as budgets
),

budgets as (
    select
        numbered_budgets.budget_id,
        numbered_budgets.budget_type_id,
        numbered_budgets.campaign_id,
        numbered_budgets.mode as target_mode,
        numbered_budgets.period_start,
        numbered_budgets.period_end,
        'budget:' || numbered_budgets.budget_id as scope_id
    from numbered_budgets
    cross join context
    where numbered_budgets.newest = 1 and context.as_of >= numbered_budgets.period_start
),

-- What a KPI names of its type that cannot be found there.
unfilled as (
    select distinct kpis.kpi_id
    from {{ ref('int_scoring__kpis') }} as kpis
    inner join registry on kpis.budget_type_id = registry.budget_type_id
    inner join {{ ref('int_scoring__scopes') }} as scopes
        on 'kpi:' || kpis.kpi_id = scopes.scope_id
    where
        scopes.dimension not in ('team_id', 'rep_id')
        and position(' ' || scopes.dimension || ' ' in ' ' || coalesce(registry.fills, '') || ' ')
        = 0
),

-- Of a KPI that rests on a budget the months that both of them hold.
kpis as (
    select
        kpis.kpi_id,
        kpis.budget_type_id,
        kpis.parameter_set_id,
        kpis.budget_id,
        budgets.campaign_id,
        kpis.is_rolling,
        case
            when kpis.budget_id is not null then 'budget:' || kpis.budget_id
            else 'kpi:' || kpis.kpi_id
        end as scope_id,
        case
            when
                kpis.period_start < budgets.period_end
                and kpis.period_end > budgets.period_start
                then greatest(kpis.period_start, budgets.period_start)
            else kpis.period_start
        end as period_start,
        case
            when
                kpis.period_start < budgets.period_end
                and kpis.period_end > budgets.period_start
                then least(kpis.period_end, budgets.period_end)
            else kpis.period_end
        end as period_end,
        case
            when kpis.budget_id is not null and budgets.budget_id is null then 'no_target'
            when
                kpis.parameter_set_id = 'unknown'
                or (kpis.budget_id is null and kpis.filters is not null and kpis.scope_json is null)
                or unfilled.kpi_id is not null
                or kpis.budget_type_id <> budgets.budget_type_id
                then 'not_eligible'
        end as reason_code
    from {{ ref('int_scoring__kpis') }} as kpis
    left join budgets on kpis.budget_id = budgets.budget_id
    left join unfilled on kpis.kpi_id = unfilled.kpi_id
),

subjects as (
    select
        'budget' as subject_type,
        budgets.budget_id as subject_id,
        'month' as period_type,
        budgets.budget_type_id,
        'default' as parameter_set_id,
        budgets.budget_id,
        budgets.campaign_id,
        budgets.scope_id,
        greatest(budgets.period_start, months.month_start) as period_start,
        least(budgets.period_end, months.month_end) as period_end,
        cast(null as varchar) as reason_code
    from budgets
    inner join {{ ref('int_core__booking_months') }} as months
        on budgets.period_start < months.month_end and budgets.period_end > months.month_start

    union all

    select
        'budget' as subject_type,
        budget_id as subject_id,
        'to_date' as period_type,
        budget_type_id,
        'default' as parameter_set_id,
        budget_id,
        campaign_id,
        scope_id,
        period_start,
        period_end,
        cast(null as varchar) as reason_code
    from budgets

    union all

    select
        'kpi' as subject_type,
        kpi_id as subject_id,
        'to_date' as period_type,
        budget_type_id,
        parameter_set_id,
        budget_id,
        campaign_id,
        scope_id,
        period_start,
        period_end,
        reason_code
    from kpis
),

typed as (
    select
        subjects.subject_type,
        subjects.subject_id,
        subjects.period_type,
        subjects.budget_type_id,
        subjects.parameter_set_id,
        subjects.budget_id,
        subjects.campaign_id,
        subjects.period_start,
        subjects.period_end,
        subjects.reason_code,
        case when scopes.scope_id is null then '' else subjects.scope_id end as scope_id,
        coalesce(scopes.dimensions, 0) as dimensions,
        scopes.scope_hash,
        registry.time_shape,
        registry.rolling_months,
        registry.formula is not null as is_derived,
        least(subjects.period_end, context.as_of) as evaluated_to,
        {{ add_days('least(subjects.period_end, context.as_of)', -1) }} as last_day,
        context.as_of
    from subjects
    cross join context
    inner join registry on subjects.budget_type_id = registry.budget_type_id
    left join scopes on subjects.scope_id = scopes.scope_id
),

type_periods as (
    select
        type_periods.budget_type_id,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        periods.campaign_id
    from {{ ref('budget_type_periods') }} as type_periods
    inner join {{ ref('int_core__periods') }} as periods
        on type_periods.period_type = periods.period_type
    where periods.period_type <> 'week'
),

-- The period of the company whose figures are those of the subject: the same days; for a rolling
-- window the month that holds the last day; for a type that has figures of its own periods only,
-- the longest inside, else the shortest around, that holds the last day.
found as (
    select
        typed.*,
        type_periods.period_type as figure_period_type,
        type_periods.period_start as figure_start,
        type_periods.period_end as figure_end,
        type_periods.campaign_id as figure_campaign_id,
        row_number() over (
            partition by typed.subject_type, typed.subject_id, typed.period_type, typed.period_start
            order by
                case
                    when
                        typed.period_start = type_periods.period_start
                        and typed.period_end = type_periods.period_end
                        then 0
                    when
                        typed.period_start <= type_periods.period_start
                        and typed.period_end >= type_periods.period_end
                        then 1
                    else 2
                end,
                case
                    when
                        typed.period_start <= type_periods.period_start
                        and typed.period_end >= type_periods.period_end
                        then -1
                    else 1
                end
                * {{ days_between('type_periods.period_start', 'type_periods.period_end') }},
                type_periods.period_type,
                type_periods.period_start
        ) as found_no
    from typed
    inner join type_periods
        on
            typed.budget_type_id = type_periods.budget_type_id
            and (
                type_periods.campaign_id = ''
                or type_periods.campaign_id = typed.campaign_id
            )
            and (
                (
                    typed.period_start = type_periods.period_start
                    and typed.period_end = type_periods.period_end
                    and typed.rolling_months = 0
                )
                -- What stands at the end of a month stands at the end of a part of it.
                or (
                    typed.time_shape = 'snapshot'
                    and type_periods.period_type = 'month'
                    and typed.period_end = type_periods.period_end
                )
                or (
                    typed.rolling_months > 0
                    and type_periods.period_type = 'month'
                    and typed.last_day >= type_periods.period_start
                    and typed.last_day < type_periods.period_end
                )
                or (
                    typed.time_shape = 'period'
                    and typed.period_type = 'to_date'
                    and typed.last_day >= type_periods.period_start
                    and typed.last_day < type_periods.period_end
                    and typed.period_start < type_periods.period_end
                )
            )
),

resolved as (
    select
        typed.*,
        found.figure_period_type,
        found.figure_start,
        found.figure_end,
        found.figure_campaign_id
    from typed
    left join found
        on
            typed.subject_type = found.subject_type
            and typed.subject_id = found.subject_id
            and typed.period_type = found.period_type
            and typed.period_start = found.period_start
            and found.found_no = 1
    -- A type with figures of its own periods has months only where they are its periods.
    where
        typed.time_shape <> 'period'
        or typed.period_type = 'to_date'
        or found.subject_id is not null
),

windows as (
    select
        *,
        time_shape = 'snapshot' and period_end > as_of as is_of_tonight,
        case
            when rolling_months > 0 then {{ add_months('figure_end', '-rolling_months') }}
            else period_start
        end as window_start,
        case
            when rolling_months > 0 then least(figure_end, as_of)
            else evaluated_to
        end as window_end
    from resolved
),

borders as (
    select distinct piece_start as border
    from {{ ref('int_core__date_pieces') }}
),

-- Sums are kept by pieces of time that months, weeks and sales periods are put together from.
final as (
    select
        windows.*,
        case
            when windows.reason_code is not null then 'none'
            -- The parts of a formula are kept for what is not limited.
            when windows.is_derived and windows.scope_id <> '' then 'none'
            when windows.is_of_tonight
                then case when windows.scope_id = '' then 'looked_up' else 'evaluated' end
            when windows.time_shape = 'snapshot'
                then
                    case
                        when windows.scope_id = '' and windows.figure_period_type is not null
                            then 'looked_up'
                        else 'none'
                    end
            when windows.time_shape = 'period'
                then
                    case
                        when windows.figure_period_type is null then 'none'
                        when windows.scope_id = '' then 'looked_up'
                        else 'evaluated'
                    end
            when windows.scope_id = '' and windows.figure_period_type is not null
                then 'looked_up'
            when
                windows.dimensions = 0
                and start_borders.border is not null
                and (end_borders.border is not null or windows.window_end = windows.as_of)
                then 'summed'
            else 'counted'
        end as figure_kind,
        not windows.is_of_tonight
        and coalesce(windows.figure_end, windows.period_end) <= rebuild.rebuild_from as is_settled
    from windows
    cross join rebuild
    left join borders as start_borders on windows.window_start = start_borders.border
    left join borders as end_borders on windows.window_end = end_borders.border
)

select
    subject_type,
    subject_id,
    period_type,
    period_start,
    period_end,
    budget_type_id,
    parameter_set_id,
    budget_id,
    scope_id,
    figure_kind,
    -- Subjects that count the same have the same figure.
    {{ hash_key([
        'scope_id', 'scope_hash', 'budget_type_id', 'parameter_set_id', 'figure_kind',
        "case when is_of_tonight then 'snapshot' else figure_period_type end",
        'case when is_of_tonight then as_of else coalesce(figure_start, period_start) end',
        'case when is_of_tonight then as_of else coalesce(figure_end, period_end) end',
        "coalesce(figure_campaign_id, '')", 'reason_code',
    ]) }} as figure_id,
    case when is_of_tonight then 'snapshot' else figure_period_type end as figure_period_type,
    case when is_of_tonight then as_of else coalesce(figure_start, period_start) end
        as figure_start,
    case when is_of_tonight then '' else coalesce(figure_campaign_id, '') end
        as figure_campaign_id,
    window_start,
    window_end,
    is_settled,
    case
        when figure_kind = 'none'
            then coalesce(
                reason_code, case when is_derived then 'not_eligible' else 'no_snapshot' end
            )
    end as reason_code
from final
