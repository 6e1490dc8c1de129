{{ config(materialized="incremental", unique_key="contract_id") }}

{%- set rebuild = ref('int_core__rebuild') %}

with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select * from {{ ref('int_core__booking_months') }}
),

versions as (
    select * from {{ ref('int_core__contract_versions') }}
),

changes as (
    select
        contract_id,
        known_from
    from {{ ref('stg_canonical__contracts') }}

    union all

    select
        contract_id,
        known_from
    from {{ ref('stg_canonical__contract_lines') }}

    union all

    select
        source_id as contract_id,
        known_from
    from {{ ref('stg_canonical__credit_splits') }}
    where source_type = 'contract'

    union all

    -- A renewal ends the years of the contract it renews.
    select
        renews_contract_id as contract_id,
        known_from
    from {{ ref('stg_canonical__contracts') }}
    where renews_contract_id is not null
),

events as (
    select
        versions.contract_id,
        versions.known_from,
        versions.known_to,
        {{ add_months('versions.signed_at', '12 * years.n') }} as event_on
    from versions
    cross join context
    inner join {{ ref('int_core__numbers') }} as years
        on
            years.n <= 25
            and 12 * years.n < versions.term_months
            and {{ add_months('versions.signed_at', '12 * years.n') }} < context.as_of

    union all

    select
        versions.contract_id,
        versions.known_from,
        versions.known_to,
        {{ add_months('versions.signed_at', 'versions.term_months + 12 * years.n') }} as event_on
    from versions
    cross join context
    inner join {{ ref('int_core__numbers') }} as years
        on
            years.n <= 25
            and {{ add_months('versions.signed_at', 'versions.term_months + 12 * years.n') }}
            < context.as_of
    where versions.rolls_on

    union all

    select
        contract_id,
        known_from,
        known_to,
        termination_notice_date as event_on
    from versions
    where termination_notice_date is not null

    union all

    select
        contract_id,
        known_from,
        known_to,
        withdrawn_on as event_on
    from versions
    where withdrawn_on is not null

    union all

    select
        renews_contract_id as contract_id,
        known_from,
        known_to,
        signed_at as event_on
    from versions
    where renews_contract_id is not null
),

event_months as (
    select distinct
        contract_id,
        known_from,
        known_to,
        {{ trunc_date('month', 'event_on') }} as event_month
    from events
),
{% if is_incremental() %}
affected as (
    select changes.contract_id
    from changes
    inner join {{ rebuild }} as rebuild
        on changes.known_from >= rebuild.rebuild_opens_at

    union

    select event_months.contract_id
    from event_months
    inner join {{ rebuild }} as rebuild
        on event_months.event_month >= rebuild.rebuild_from
),
{% endif %}
change_months as (
    select distinct
        changes.contract_id,
        months.month_start as change_month
    from changes
    inner join months
        on changes.known_from >= months.opens_at and changes.known_from < months.knowledge_at
    {% if is_incremental() %}
    inner join affected on changes.contract_id = affected.contract_id
    {% endif %}
),

-- A month in which something was learnt compares the whole contract with what was counted before.
-- In any other month a year, a notice or a renewal merely falls due, and only that is counted.
-- What becomes known after the month was closed makes nothing fall due in it.
booked as (
    select
        change_months.contract_id,
        change_months.change_month as booking_month,
        1 as is_news
    from change_months
    inner join months on change_months.change_month = months.month_start
    inner join event_months
        on
            change_months.contract_id = event_months.contract_id
            and change_months.change_month >= event_months.event_month
            and months.knowledge_at > event_months.known_from

    union

    select
        event_months.contract_id,
        event_months.event_month as booking_month,
        0 as is_news
    from event_months
    inner join months
        on
            event_months.event_month = months.month_start
            and {{ known_at('event_months', 'months.opens_at') }}
    {% if is_incremental() %}
    inner join affected on event_months.contract_id = affected.contract_id
    {% endif %}
),

bookings as (
    select
        contract_id,
        booking_month,
        max(is_news) as is_news
    from booked
    group by contract_id, booking_month
)

select
    bookings.contract_id,
    bookings.booking_month,
    bookings.is_news = 1 as is_compared,
    -- What was counted before is what the last compared month found and what fell due since.
    max(case when bookings.is_news = 1 then bookings.booking_month end) over (
        partition by bookings.contract_id order by bookings.booking_month
        rows between unbounded preceding and 1 preceding
    ) as compared_month
from bookings
inner join months on bookings.booking_month = months.month_start
