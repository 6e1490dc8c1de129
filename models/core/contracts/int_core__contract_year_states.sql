{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

versions as (
    select * from {{ ref('int_core__contract_versions') }}
),

signed as (
    select
        bookings.booking_month,
        months.knowledge_at,
        versions.contract_id,
        {{ surviving_customer('versions.customer_id') }} as customer_id,
        versions.owner_rep_id,
        versions.signed_at,
        versions.start_date,
        versions.currency,
        versions.term_months,
        versions.committed_months,
        versions.rolls_on,
        versions.termination_notice_date,
        versions.termination_effective_date,
        versions.withdrawn_on,
        coalesce(versions.purchase_method, customers.purchase_method) as purchase_method,
        coalesce(versions.area_id, customers.area_id) as area_id,
        customers.business_category
    from {{ ref('int_core__contract_bookings') }} as bookings
    inner join {{ ref('int_core__booking_months') }} as months
        on bookings.booking_month = months.month_start
    inner join versions
        on
            bookings.contract_id = versions.contract_id
            and {{ known_at('versions', 'months.knowledge_at') }}
    {{ join_surviving_customer('versions.customer_id', 'months.knowledge_at') }}
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            {{ surviving_customer('versions.customer_id') }} = customers.customer_id
            and {{ known_at('customers', 'months.knowledge_at') }}
    where
        {{ is_rebuilt('bookings.booking_month') }}
        and coalesce(customers.is_internal, false) is false
),

-- The contract that renews this one takes over from its own start on; the first to be signed.
renewals as (
    select
        signed.booking_month,
        signed.contract_id,
        renewal.signed_at as renewed_on,
        renewal.start_date as renewed_from,
        row_number() over (
            partition by signed.booking_month, signed.contract_id
            order by renewal.signed_at, renewal.contract_id
        ) as renewal_no
    from signed
    cross join context
    inner join versions as renewal
        on
            signed.contract_id = renewal.renews_contract_id
            and {{ known_at('renewal', 'signed.knowledge_at') }}
            and renewal.signed_at < context.as_of
            and {{ trunc_date('month', 'renewal.signed_at') }} <= signed.booking_month
),

parameters as (
    select * from {{ ref('int_core__parameters') }}
),

-- Years of the agreed term (the last one may be short), then one more for as long as it rolls on.
years as (
    select
        signed.*,
        parameters.multi_year_full_at_signing = 1 as is_full_at_signing,
        numbers.n as contract_year,
        12 * numbers.n as offset_months,
        least(12, signed.term_months - 12 * numbers.n) as year_months
    from signed
    inner join parameters
        on signed.signed_at >= parameters.valid_from and signed.signed_at < parameters.valid_to
    inner join {{ ref('int_core__numbers') }} as numbers
        on 12 * numbers.n < signed.term_months

    union all

    select
        signed.*,
        false as is_full_at_signing,
        {{ int_div('signed.term_months + 11', '12') }} + numbers.n as contract_year,
        signed.term_months + 12 * numbers.n as offset_months,
        12 as year_months
    from signed
    cross join context
    inner join {{ ref('int_core__numbers') }} as numbers
        on
            signed.rolls_on
            and numbers.n <= 25
            and {{ add_months('signed.signed_at', 'signed.term_months + 12 * numbers.n') }}
            < context.as_of
),

dated as (
    select
        years.*,
        case
            when years.is_full_at_signing then years.signed_at
            else {{ add_months('years.signed_at', 'years.offset_months') }}
        end as recognised_on,
        {{ add_months('years.start_date', 'years.offset_months') }} as year_start,
        renewals.renewed_on,
        renewals.renewed_from
    from years
    left join renewals
        on
            years.booking_month = renewals.booking_month
            and years.contract_id = renewals.contract_id
            and renewals.renewal_no = 1
),

measured as (
    select
        dated.*,
        case
            when dated.renewed_from is null then dated.year_months
            else greatest(
                0,
                least(
                    dated.year_months,
                    {{ months_between('dated.year_start', 'dated.renewed_from') }}
                )
            )
        end as kept_months,
        -- A started month counts as delivered.
        case
            when dated.termination_effective_date is null then dated.year_months
            else greatest(
                0,
                least(
                    dated.year_months,
                    {{ months_between('dated.year_start', 'dated.termination_effective_date') }}
                    + case
                        when
                            extract(day from dated.termination_effective_date)
                            > extract(day from dated.year_start)
                            then 1
                        else 0
                    end
                )
            )
        end as delivered_months
    from dated
    cross join context
    where
        dated.recognised_on < context.as_of
        and {{ trunc_date('month', 'dated.recognised_on') }} <= dated.booking_month
        and not (
            dated.contract_year > 0
            and dated.termination_notice_date is not null
            and dated.termination_effective_date is not null
            and dated.withdrawn_on is null
            and dated.termination_notice_date <= dated.recognised_on
            and dated.termination_effective_date <= dated.year_start
        )
),

-- What a termination leaves undelivered of a year that was recognised before, unless the notice was
-- withdrawn by then.
cancelled as (
    select * from measured
    where
        termination_notice_date is not null
        and delivered_months < least(year_months, kept_months)
        and not (
            termination_notice_date <= recognised_on
            and termination_effective_date <= year_start
        )
        and (
            withdrawn_on is null
            or withdrawn_on > greatest(termination_notice_date, recognised_on)
        )
),

-- An entry stands for the months of the year from one to another, backwards for what is taken back.
entries as (
    select
        measured.*,
        'recognition' as entry,
        measured.recognised_on as event_date,
        0 as months_from,
        case
            when measured.renewed_on < measured.recognised_on then measured.kept_months
            else measured.year_months
        end as months_to,
        true as has_one_off
    from measured

    union all

    -- What the customer has committed to on the day of signing, whatever becomes of it.
    select
        measured.*,
        'commitment' as entry,
        measured.signed_at as event_date,
        0 as months_from,
        measured.committed_months as months_to,
        true as has_one_off
    from measured
    where measured.contract_year = 0

    union all

    -- What was recognised before the renewal was signed is taken back on the day it is signed.
    select
        measured.*,
        'supersession' as entry,
        measured.renewed_on as event_date,
        measured.year_months as months_from,
        measured.kept_months as months_to,
        false as has_one_off
    from measured
    where
        measured.renewed_on >= measured.recognised_on
        and measured.kept_months < measured.year_months

    union all

    select
        cancelled.*,
        'cancellation' as entry,
        greatest(cancelled.termination_notice_date, cancelled.recognised_on) as event_date,
        cancelled.delivered_months as months_from,
        least(cancelled.year_months, cancelled.kept_months) as months_to,
        false as has_one_off
    from cancelled

    union all

    select
        cancelled.*,
        'cancellation_withdrawn' as entry,
        cancelled.withdrawn_on as event_date,
        least(cancelled.year_months, cancelled.kept_months) as months_from,
        cancelled.delivered_months as months_to,
        false as has_one_off
    from cancelled
    where cancelled.withdrawn_on is not null
),

lines as (
    select
        entries.booking_month,
        contract_lines.contract_line_id,
        entries.contract_id,
        entries.contract_year,
        entries.entry,
        entries.event_date,
        entries.recognised_on,
        entries.year_start,
        {{ add_months('entries.year_start', 'entries.year_months') }} as year_end,
        entries.customer_id,
        entries.owner_rep_id,
        coalesce(contract_lines.product_category, products.product_category) as product_category,
        contract_lines.product_id,
        entries.area_id,
        entries.business_category,
        entries.purchase_method,
        entries.months_from,
        entries.months_to,
        {{ money_mul('contract_lines.annual_value', 'rates.rate') }} as annual_amount,
        case
            when entries.has_one_off and entries.contract_year = 0
                then {{ money_mul('coalesce(contract_lines.one_off_value, 0)', 'rates.rate') }}
            else 0
        end as one_off_amount
    from entries
    cross join context
    inner join {{ ref('stg_canonical__contract_lines') }} as contract_lines
        on
            entries.contract_id = contract_lines.contract_id
            and {{ known_at('contract_lines', 'entries.knowledge_at') }}
            and not contract_lines.is_deleted
    left join {{ ref('stg_canonical__products') }} as products
        on
            contract_lines.product_id = products.product_id
            and {{ known_at('products', 'entries.knowledge_at') }}
    left join {{ ref('int_core__daily_rates') }} as rates
        on
            entries.booking_month = rates.booking_month
            and entries.currency = rates.currency
            and entries.recognised_on = rates.date_day
    where
        entries.event_date < context.as_of
        and {{ trunc_date('month', 'entries.event_date') }} <= entries.booking_month
)

select
    booking_month,
    contract_line_id,
    contract_id,
    cast(contract_year as integer) as contract_year,
    entry,
    event_date,
    recognised_on,
    year_start,
    year_end,
    customer_id,
    owner_rep_id,
    product_category,
    product_id,
    area_id,
    business_category,
    purchase_method,
    cast(months_to - months_from as integer) as months,
    -- A source line is converted and rounded first. What the last months of a year are worth is
    -- what the months before them leave of it, so that all entries of a year add up exactly.
    cast(
        {{ ratio('annual_amount * months_to', '12', 4) }}
        - {{ ratio('annual_amount * months_from', '12', 4) }}
        + one_off_amount as decimal(18, 4)
    ) as amount
from lines
