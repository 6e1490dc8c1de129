with context as (
    select * from {{ ref('int_core__context') }}
),

versions as (
    select versions.*
    from {{ ref('int_core__contract_versions') }} as versions
    inner join context
        on
            {{ known_at('versions', 'context.cut_off_utc') }}
            and versions.signed_at < context.as_of
),

contract_lines as (
    select contract_lines.*
    from {{ ref('stg_canonical__contract_lines') }} as contract_lines
    inner join context
        on
            {{ known_at('contract_lines', 'context.cut_off_utc') }}
            and not contract_lines.is_deleted
),

-- What renews a contract: one that names it, or one of which a line continues one of its lines.
renewals as (
    select
        renewal.renews_contract_id as contract_id,
        renewal.contract_id as renewed_by,
        true as is_named
    from versions as renewal
    where renewal.renews_contract_id is not null

    union

    select
        earlier.contract_id,
        later.contract_id as renewed_by,
        false as is_named
    from {{ ref('int_core__contract_line_channels') }} as channels
    inner join contract_lines as later on channels.contract_line_id = later.contract_line_id
    inner join contract_lines as earlier on channels.continues_line_id = earlier.contract_line_id
),

first_renewals as (
    select
        renewals.contract_id,
        renewals.renewed_by,
        versions.signed_at as renewed_on,
        -- Only a contract that names the old one takes over from its own first day on.
        case when renewals.is_named then versions.start_date end as replaced_on,
        row_number() over (
            partition by renewals.contract_id
            order by
                case when renewals.is_named then 0 else 1 end,
                versions.signed_at,
                renewals.renewed_by
        ) as renewal_no
    from renewals
    inner join versions on renewals.renewed_by = versions.contract_id
),

in_force as (
    select
        versions.contract_id,
        {{ surviving_customer('versions.customer_id') }} as customer_id,
        versions.signed_at,
        versions.start_date,
        versions.currency,
        versions.term_months,
        versions.rolls_on,
        versions.is_evergreen,
        versions.free_exit_on,
        coalesce(versions.notice_months, 0) as notice_months,
        first_renewals.renewed_by,
        first_renewals.renewed_on,
        first_renewals.replaced_on,
        versions.termination_notice_date is not null
        and versions.termination_effective_date is not null
        and versions.withdrawn_on is null as is_terminated,
        least(
            versions.ends_on, coalesce(first_renewals.replaced_on, cast('9999-12-31' as date))
        ) as ends_on,
        context.as_of
    from versions
    cross join context
    left join first_renewals
        on versions.contract_id = first_renewals.contract_id and first_renewals.renewal_no = 1
    {{ join_surviving_customer('versions.customer_id', 'context.cut_off_utc') }}
    where
        least(
            versions.ends_on, coalesce(first_renewals.replaced_on, cast('9999-12-31' as date))
        ) > context.as_of
),

-- A contract that rolls on can be left at the end of each term, while there is time to give notice.
terms as (
    select
        in_force.contract_id,
        in_force.as_of,
        in_force.notice_months,
        {{ add_months(
            'in_force.start_date',
            'in_force.term_months * (terms.n + greatest(1, '
            ~ int_div(
                months_between(
                    'in_force.start_date', add_months('in_force.as_of', 'in_force.notice_months')
                ),
                'in_force.term_months',
            ) ~ '))',
        ) }} as exit_on
    from in_force
    inner join {{ ref('int_core__numbers') }} as terms on terms.n <= 2
    where
        in_force.rolls_on
        and not in_force.is_evergreen
        and not in_force.is_terminated
        and in_force.term_months > 0
),

term_exits as (
    select
        contract_id,
        min(exit_on) as exit_on,
        max(notice_months) as notice_months
    from terms
    where {{ add_months(add_days('exit_on', -1), '-notice_months') }} >= as_of
    group by contract_id
),

-- Whoever gives notice on S is free after the agreed months, but not before the first free exit.
free_exits as (
    select
        contract_id,
        as_of,
        notice_months,
        greatest(
            coalesce(free_exit_on, as_of),
            {{ add_days(add_months('as_of', 'notice_months'), 1) }}
        ) as exit_on
    from in_force
    where not is_terminated and (free_exit_on is not null or is_evergreen)
),

exits as (
    select
        contract_id,
        ends_on as exit_on,
        cast(null as date) as last_day_of_notice,
        case
            when ends_on = replaced_on then 'replaced'
            when is_terminated then 'terminated'
            else 'ends'
        end as exit_reason,
        1 as precedence
    from in_force
    where ends_on < cast('9999-12-31' as date)

    union all

    select
        contract_id,
        exit_on,
        {{ add_months(add_days('exit_on', -1), '-notice_months') }} as last_day_of_notice,
        'rolls_on' as exit_reason,
        2 as precedence
    from term_exits

    union all

    select
        contract_id,
        exit_on,
        greatest(as_of, {{ add_months(add_days('exit_on', -1), '-notice_months') }})
            as last_day_of_notice,
        'free_exit' as exit_reason,
        3 as precedence
    from free_exits
),

next_exits as (
    select
        exits.*,
        row_number() over (
            partition by exits.contract_id
            order by exits.exit_on, exits.precedence
        ) as exit_no
    from exits
),

months as (
    select max(month_start) as last_month
    from {{ ref('int_core__booking_months') }}
),

annual_values as (
    select
        in_force.contract_id,
        sum({{ money_mul('contract_lines.annual_value', 'rates.rate') }}) as annual_value,
        count(contract_lines.annual_value) as valued_lines,
        count({{ money_mul('contract_lines.annual_value', 'rates.rate') }}) as converted_lines
    from in_force
    cross join months
    inner join contract_lines on in_force.contract_id = contract_lines.contract_id
    left join {{ ref('int_core__daily_rates') }} as rates
        on
            months.last_month = rates.booking_month
            and in_force.currency = rates.currency
            and {{ add_days('in_force.as_of', -1) }} = rates.date_day
    group by in_force.contract_id
)

select
    in_force.contract_id,
    in_force.customer_id,
    in_force.signed_at,
    in_force.start_date,
    next_exits.exit_on,
    next_exits.exit_reason,
    next_exits.last_day_of_notice,
    -- Without a rate there is no value, which is not 0.
    cast(
        case
            when annual_values.contract_id is null then 0
            when annual_values.converted_lines = annual_values.valued_lines
                then coalesce(annual_values.annual_value, 0)
        end as decimal(18, 4)
    ) as annual_value,
    in_force.renewed_by,
    in_force.renewed_on
from in_force
inner join next_exits
    on in_force.contract_id = next_exits.contract_id and next_exits.exit_no = 1
left join annual_values on in_force.contract_id = annual_values.contract_id
