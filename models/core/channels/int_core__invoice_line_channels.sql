{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with states as (
    select
        invoice_line_id,
        booking_month,
        previous_booking_month,
        customer_id,
        product_category,
        invoice_date,
        attribution_contract_line_id as contract_line_id
    from {{ ref('int_core__invoice_line_states') }}
    where attribution_line_id = invoice_line_id
),

-- Decided once, when the line is first counted, from what was known then.
first_counted as (
    select *
    from states
    where previous_booking_month is null and {{ is_rebuilt('booking_month') }}

    union all

    select states.*
    from states
    left join states as earlier
        on
            states.invoice_line_id = earlier.invoice_line_id
            and states.booking_month > earlier.booking_month
    where
        states.previous_booking_month is not null
        and earlier.invoice_line_id is null
        and {{ is_rebuilt('states.booking_month') }}
),

linked as (
    select
        first_counted.invoice_line_id,
        first_counted.booking_month,
        case
            when
                first_counted.invoice_date >= {{ add_months('versions.start_date', 12) }}
                then 'renewal'
            else channels.channel
        end as channel
    from first_counted
    inner join {{ ref('int_core__booking_months') }} as months
        on first_counted.booking_month = months.month_start
    inner join {{ ref('int_core__contract_line_channels') }} as channels
        on first_counted.contract_line_id = channels.contract_line_id
    inner join {{ ref('stg_canonical__contract_lines') }} as contract_lines
        on
            first_counted.contract_line_id = contract_lines.contract_line_id
            and {{ known_at('contract_lines', 'months.knowledge_at') }}
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            contract_lines.contract_id = versions.contract_id
            and {{ known_at('versions', 'months.knowledge_at') }}
    where channels.booking_month <= first_counted.booking_month
),

unlinked as (
    select first_counted.*
    from first_counted
    left join linked on first_counted.invoice_line_id = linked.invoice_line_id
    where linked.invoice_line_id is null
),

-- A line in time finds the row of its own day; a late one the last row before its day.
customer_states as (
    select
        unlinked.invoice_line_id,
        days.first_event_on,
        days.active_until,
        days.reactivated_on
    from unlinked
    inner join {{ ref('int_core__customer_days') }} as days
        on
            unlinked.customer_id = days.customer_id
            and unlinked.invoice_date = days.visible_from
            and unlinked.booking_month = days.booking_month
    where unlinked.invoice_date >= unlinked.booking_month

    union all

    select
        ranked.invoice_line_id,
        ranked.first_event_on,
        ranked.active_until,
        ranked.reactivated_on
    from (
        select
            unlinked.invoice_line_id,
            days.first_event_on,
            days.active_until,
            days.reactivated_on,
            row_number() over (
                partition by unlinked.invoice_line_id
                order by days.visible_from desc, days.booking_month desc, days.active_until desc
            ) as recency
        from unlinked
        inner join {{ ref('int_core__customer_days') }} as days
            on
                unlinked.customer_id = days.customer_id
                and unlinked.invoice_date >= days.visible_from
                and unlinked.booking_month >= days.booking_month
        where unlinked.invoice_date < unlinked.booking_month
    ) as ranked
    where ranked.recency = 1
),

category_states as (
    select
        unlinked.invoice_line_id,
        days.spell_began_on,
        days.last_invoiced_on
    from unlinked
    inner join {{ ref('int_core__category_days') }} as days
        on
            unlinked.customer_id = days.customer_id
            and unlinked.product_category = days.product_category
            and unlinked.invoice_date = days.visible_from
            and unlinked.booking_month = days.booking_month
    where unlinked.invoice_date >= unlinked.booking_month

    union all

    select
        ranked.invoice_line_id,
        ranked.spell_began_on,
        ranked.last_invoiced_on
    from (
        select
            unlinked.invoice_line_id,
            days.spell_began_on,
            days.last_invoiced_on,
            row_number() over (
                partition by unlinked.invoice_line_id
                order by days.visible_from desc, days.booking_month desc
            ) as recency
        from unlinked
        inner join {{ ref('int_core__category_days') }} as days
            on
                unlinked.customer_id = days.customer_id
                and unlinked.product_category = days.product_category
                and unlinked.invoice_date >= days.visible_from
                and unlinked.booking_month >= days.booking_month
        where unlinked.invoice_date < unlinked.booking_month
    ) as ranked
    where ranked.recency = 1
),

since as (
    select
        unlinked.invoice_line_id,
        unlinked.booking_month,
        unlinked.invoice_date,
        parameters.new_invoicing_days,
        least(
            coalesce(customer_states.first_event_on, unlinked.invoice_date), unlinked.invoice_date
        ) as new_since,
        case
            when customer_states.active_until < unlinked.invoice_date then unlinked.invoice_date
            else customer_states.reactivated_on
        end as back_since,
        case
            when unlinked.product_category is null then null
            when
                category_states.spell_began_on is null
                or {{ days_between('category_states.last_invoiced_on', 'unlinked.invoice_date') }}
                >= parameters.category_gap_days
                then unlinked.invoice_date
            else category_states.spell_began_on
        end as category_since
    from unlinked
    inner join {{ ref('int_core__parameters') }} as parameters
        on
            unlinked.invoice_date >= parameters.valid_from
            and unlinked.invoice_date < parameters.valid_to
    left join customer_states on unlinked.invoice_line_id = customer_states.invoice_line_id
    left join category_states on unlinked.invoice_line_id = category_states.invoice_line_id
)

select
    invoice_line_id,
    booking_month,
    case
        when {{ days_between('new_since', 'invoice_date') }} < new_invoicing_days then 'new'
        when {{ days_between('back_since', 'invoice_date') }} < new_invoicing_days
            then 'win_back'
        when {{ days_between('category_since', 'invoice_date') }} < new_invoicing_days
            then 'upsell'
        else 'renewal'
    end as channel
from since

union all

select
    invoice_line_id,
    booking_month,
    channel
from linked
