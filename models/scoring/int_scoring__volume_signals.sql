with context as (
    select * from {{ ref('int_core__context') }}
),

rules as (
    select * from {{ ref('gaming_signal_rules') }}
),

periods as (
    select * from {{ ref('int_scoring__signal_periods') }}
),

credits as (
    select * from {{ ref('fct_contract_year_credits') }}
    where credit_type = 'revenue' and rep_id <> 'unassigned'
),

declared as (
    select
        contracts.contract_id,
        contracts.declared_channel
    from {{ ref('stg_canonical__contracts') }} as contracts
    inner join context on {{ known_at('contracts', 'context.cut_off_utc') }}
),

signed as (
    select
        rules.signal_id,
        periods.period_type,
        periods.period_start,
        credits.rep_id,
        credits.contract_id,
        credits.event_date,
        coalesce(dates.workday_no > periods.pull_forward_after, false) as is_late,
        coalesce(
            declared.declared_channel = 'new' and credits.channel in ('renewal', 'upsell'), false
        ) as is_drifted,
        credits.amount
    from credits
    inner join rules on rules.signal_id in ('G-7', 'G-8')
    inner join periods
        on
            rules.period_type = periods.period_type
            and credits.event_date >= periods.period_start
            and credits.event_date < periods.period_end
    inner join {{ ref('int_core__dates') }} as dates on credits.event_date = dates.date_day
    left join declared on credits.contract_id = declared.contract_id
    where credits.entry = 'recognition'
),

late_contracts as (
    select distinct
        period_type,
        period_start,
        rep_id,
        contract_id,
        event_date
    from signed
    where signal_id = 'G-7' and is_late
),

-- What was left again soon after it had been signed on the last days.
withdrawn as (
    select
        late_contracts.period_type,
        late_contracts.period_start,
        late_contracts.rep_id,
        sum(
            case credits.entry when 'cancellation' then credits.amount else -credits.amount end
        ) as amount
    from late_contracts
    inner join periods
        on
            late_contracts.period_type = periods.period_type
            and late_contracts.period_start = periods.period_start
    inner join credits
        on
            late_contracts.contract_id = credits.contract_id
            and late_contracts.rep_id = credits.rep_id
            and late_contracts.event_date = credits.recognised_on
            and credits.entry in ('cancellation', 'cancellation_withdrawn')
    where
        {{ days_between('late_contracts.event_date', 'credits.event_date') }}
        <= periods.withdrawn_days
    group by
        late_contracts.period_type, late_contracts.period_start, late_contracts.rep_id
),

sums as (
    select
        signal_id,
        period_type,
        period_start,
        rep_id,
        count(distinct contract_id) as contracts,
        cast(sum(amount) as decimal(28, 4)) as amount,
        cast(
            sum(
                case
                    when signal_id = 'G-7' and is_late then amount
                    when signal_id = 'G-8' and is_drifted then amount
                    else 0
                end
            ) as decimal(28, 4)
        ) as part_amount
    from signed
    group by signal_id, period_type, period_start, rep_id
),

observed as (
    select
        sums.signal_id,
        sums.period_type,
        sums.period_start,
        periods.period_end,
        sums.rep_id,
        sums.contracts,
        sums.part_amount,
        sums.amount,
        {{ ratio('sums.part_amount', 'sums.amount', 10, decimals=4) }} as observed,
        cast(
            case sums.signal_id
                when 'G-7' then periods.pull_forward_share else periods.drift_share
            end as decimal(28, 10)
        ) as threshold,
        case
            when sums.signal_id = 'G-7'
                then coalesce(
                    {{ ratio('withdrawn.amount', 'sums.part_amount', 10, decimals=4) }}, 0
                )
        end as second_observed,
        case
            when sums.signal_id = 'G-7' then cast(periods.withdrawn_share as decimal(28, 10))
        end as second_threshold
    from sums
    inner join periods
        on
            sums.period_type = periods.period_type
            and sums.period_start = periods.period_start
    left join withdrawn
        on
            sums.signal_id = 'G-7'
            and sums.period_type = withdrawn.period_type
            and sums.period_start = withdrawn.period_start
            and sums.rep_id = withdrawn.rep_id
    where sums.amount > 0
)

select
    signal_id,
    period_type,
    period_start,
    period_end,
    rep_id,
    cast(contracts as integer) as cases,
    part_amount as part,
    amount as whole,
    observed,
    threshold,
    cast(second_observed as decimal(28, 10)) as second_observed,
    cast(second_threshold as decimal(28, 10)) as second_threshold,
    observed >= threshold
    and coalesce(second_observed >= second_threshold, true) as is_flagged
from observed
