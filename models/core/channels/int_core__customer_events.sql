{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with months as (
    select * from {{ ref('int_core__booking_months') }}
    where {{ is_rebuilt('month_start') }}
),

parameters as (
    select
        *,
        cast(cast(history_begins_year as varchar) || '-01-01' as date) as history_begins_on
    from {{ ref('int_core__parameters') }}
),

invoiced as (
    select distinct
        booking_month,
        customer_id,
        invoice_date as event_on
    from {{ ref('int_core__invoice_line_states') }}
    where doc_type = 'invoice' and {{ is_rebuilt('booking_month') }}
),

-- A contract in force keeps its customer active to the last day of the month it is in force in.
contracted as (
    select
        months.month_start as booking_month,
        {{ surviving_customer('versions.customer_id') }} as customer_id,
        versions.signed_at,
        least(versions.ends_on, months.month_end) as in_force_to
    from months
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            {{ known_at('versions', 'months.knowledge_at') }}
            and versions.signed_at < months.month_end
            and versions.ends_on > months.month_start
    {{ join_surviving_customer('versions.customer_id', 'months.knowledge_at') }}
),

-- Since when somebody is a customer, where the CRM knows. What lies before the history that the
-- extracts hold is taken as one event on the eve of that history.
told as (
    select
        customers.customer_id,
        customers.customer_since as began_on,
        greatest(
            customers.customer_since,
            {{ add_days('parameters.history_begins_on', -1) }}
        ) as event_on,
        greatest(
            customers.known_from,
            cast(parameters.history_begins_on as timestamp)
        ) as told_at
    from {{ ref('stg_canonical__customers') }} as customers
    inner join parameters
        on
            customers.customer_since >= parameters.valid_from
            and customers.customer_since < parameters.valid_to
    where not customers.is_deleted
),

known_since as (
    select
        months.month_start as booking_month,
        told.customer_id,
        told.began_on,
        told.event_on
    from told
    inner join months
        on
            told.told_at >= months.opens_at
            and told.told_at < months.closes_at
            and told.told_at < months.knowledge_at
),

events as (
    select
        invoiced.booking_month,
        invoiced.customer_id,
        invoiced.event_on,
        invoiced.event_on as began_on,
        {{ add_days('invoiced.event_on', 'parameters.passive_days') }} as active_until
    from invoiced
    inner join parameters
        on
            invoiced.event_on >= parameters.valid_from
            and invoiced.event_on < parameters.valid_to

    union all

    select
        contracted.booking_month,
        contracted.customer_id,
        contracted.signed_at as event_on,
        contracted.signed_at as began_on,
        {{ add_days('contracted.in_force_to', 'parameters.passive_days') }} as active_until
    from contracted
    inner join parameters
        on
            contracted.signed_at >= parameters.valid_from
            and contracted.signed_at < parameters.valid_to

    union all

    select
        known_since.booking_month,
        known_since.customer_id,
        known_since.event_on,
        known_since.began_on,
        {{ add_days('known_since.event_on', 'parameters.passive_days') }} as active_until
    from known_since
    inner join parameters
        on
            known_since.event_on >= parameters.valid_from
            and known_since.event_on < parameters.valid_to
)

select
    booking_month,
    customer_id,
    event_on,
    -- What came in late is visible from the first day of the month it is booked in.
    case
        when event_on >= booking_month then event_on
        else {{ add_days('booking_month', -1) }}
    end as visible_from,
    min(began_on) as began_on,
    max(active_until) as active_until
from events
group by booking_month, customer_id, event_on
