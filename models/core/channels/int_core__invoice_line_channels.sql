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
            and not contract_lines.is_deleted
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

customer_dates as (
    select distinct
        customer_id,
        booking_month,
        invoice_date
    from unlinked
),

customer_states as (
    select
        customer_dates.customer_id,
        customer_dates.booking_month,
        customer_dates.invoice_date,
        min(
            case
                when
                    not spells.is_from_before
                    and spells.first_known_on <= customer_dates.invoice_date
                    then spells.first_known_on
            end
        ) as new_since,
        max(
            case
                when
                    spells.entry = 'won_back'
                    and spells.active_from <= customer_dates.invoice_date
                    then spells.active_from
            end
        ) as back_since
    from customer_dates
    inner join {{ ref('int_core__customer_spells') }} as spells
        on
            customer_dates.customer_id = spells.customer_id
            and customer_dates.booking_month >= spells.version_from
            and customer_dates.booking_month < spells.version_to
    group by
        customer_dates.customer_id, customer_dates.booking_month, customer_dates.invoice_date
),

category_dates as (
    select distinct
        customer_id,
        booking_month,
        invoice_date,
        product_category
    from unlinked
    where product_category is not null
),

category_states as (
    select
        category_dates.customer_id,
        category_dates.booking_month,
        category_dates.invoice_date,
        category_dates.product_category,
        max(spells.began_on) as category_since
    from category_dates
    inner join {{ ref('int_core__category_spells') }} as spells
        on
            category_dates.customer_id = spells.customer_id
            and category_dates.product_category = spells.product_category
            and category_dates.booking_month >= spells.version_from
            and category_dates.booking_month < spells.version_to
            and category_dates.invoice_date >= spells.began_on
    group by
        category_dates.customer_id,
        category_dates.booking_month,
        category_dates.invoice_date,
        category_dates.product_category
),

since as (
    select
        unlinked.invoice_line_id,
        unlinked.booking_month,
        unlinked.invoice_date,
        parameters.new_invoicing_days,
        customer_states.new_since,
        customer_states.back_since,
        category_states.category_since
    from unlinked
    inner join {{ ref('int_core__parameters') }} as parameters
        on
            unlinked.invoice_date >= parameters.valid_from
            and unlinked.invoice_date < parameters.valid_to
    left join customer_states
        on
            unlinked.customer_id = customer_states.customer_id
            and unlinked.booking_month = customer_states.booking_month
            and unlinked.invoice_date = customer_states.invoice_date
    left join category_states
        on
            unlinked.customer_id = category_states.customer_id
            and unlinked.booking_month = category_states.booking_month
            and unlinked.invoice_date = category_states.invoice_date
            and unlinked.product_category = category_states.product_category
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
