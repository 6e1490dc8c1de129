{{ config(materialized="incremental", pre_hook="{{ forget_changed_customers() }}") }}

with months as (
    select * from {{ ref('int_core__booking_months') }}
),

bounds as (
    select max(month_start) as last_month
    from months
),

histories as (
    select
        histories.*,
        months.knowledge_at
    from {{ ref('int_core__customer_histories') }} as histories
    cross join bounds
    inner join months
        on
            months.month_start = case
                when histories.version_to = cast('9999-12-31' as date) then bounds.last_month
                else {{ add_months('histories.version_to', -1) }}
            end
    where {{ is_changed_customer('histories.customer_id') }}
),

statements as (
    select * from {{ ref('int_core__customer_statements') }}
),

invoice_days as (
    select * from {{ ref('int_core__invoice_days') }}
),

withdrawn_days as (
    select distinct
        customer_id,
        invoice_date
    from invoice_days
    where invoices < 0
),

-- Few days were ever taken back; only they have to be added up.
invoiced as (
    select
        histories.customer_id,
        histories.version_from,
        invoice_days.invoice_date as event_on
    from histories
    inner join invoice_days
        on
            histories.member_id = invoice_days.customer_id
            and histories.version_to > invoice_days.booking_month
    left join withdrawn_days
        on
            invoice_days.customer_id = withdrawn_days.customer_id
            and invoice_days.invoice_date = withdrawn_days.invoice_date
    where invoice_days.invoices > 0 and withdrawn_days.customer_id is null

    union all

    select
        histories.customer_id,
        histories.version_from,
        invoice_days.invoice_date as event_on
    from histories
    inner join invoice_days
        on
            histories.member_id = invoice_days.customer_id
            and histories.version_to > invoice_days.booking_month
    inner join withdrawn_days
        on
            invoice_days.customer_id = withdrawn_days.customer_id
            and invoice_days.invoice_date = withdrawn_days.invoice_date
    group by
        histories.customer_id,
        histories.version_from,
        invoice_days.customer_id,
        invoice_days.invoice_date
    having sum(invoice_days.invoices) > 0
),

documents as (
    select
        customer_id,
        version_from,
        event_on,
        event_on as last_on,
        cast(null as varchar) as contract_id
    from invoiced

    union all

    select
        histories.customer_id,
        histories.version_from,
        versions.signed_at as event_on,
        versions.ends_on as last_on,
        versions.contract_id
    from histories
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            histories.member_id = versions.customer_id
            and {{ known_at('versions', 'histories.knowledge_at') }}
),

first_documents as (
    select
        customer_id,
        version_from,
        min(event_on) as first_document_on
    from documents
    group by customer_id, version_from
),

-- Since when somebody is a customer is the beginning of a history; what the CRM tells says nothing
-- where a document is older.
versions as (
    select
        histories.customer_id,
        histories.version_from,
        histories.version_to,
        histories.is_internal,
        min(first_documents.first_document_on) as first_document_on,
        min(statements.customer_since) as customer_since,
        min(statements.told_on) as told_on,
        max(case when statements.is_from_before then 1 else 0 end) = 1 as is_from_before
    from histories
    left join statements
        on
            histories.member_id = statements.customer_id
            and {{ known_at('statements', 'histories.knowledge_at') }}
    left join first_documents
        on
            histories.customer_id = first_documents.customer_id
            and histories.version_from = first_documents.version_from
    group by
        histories.customer_id,
        histories.version_from,
        histories.version_to,
        histories.is_internal
),

activities as (
    select
        customer_id,
        version_from,
        event_on,
        last_on,
        contract_id
    from documents

    union all

    select
        customer_id,
        version_from,
        told_on as event_on,
        told_on as last_on,
        cast(null as varchar) as contract_id
    from versions
    where
        told_on is not null
        and (first_document_on is null or customer_since < first_document_on)
),

losses as (
    select
        histories.customer_id,
        histories.version_from,
        statements.lost_at
    from histories
    inner join statements
        on
            histories.customer_id = statements.customer_id
            and {{ known_at('statements', 'histories.knowledge_at') }}
    where histories.customer_id = histories.member_id and statements.lost_at is not null
),

parameters as (
    select * from {{ ref('int_core__parameters') }}
),

-- Active after the day of the event, up to and including the last one: a year after the activity,
-- or the day the customer was lost where that lies between.
intervals as (
    select
        activities.customer_id,
        activities.version_from,
        activities.event_on,
        activities.contract_id,
        least(
            case
                when activities.last_on >= cast('9999-12-31' as date) then activities.last_on
                else {{ add_days('activities.last_on', 'parameters.passive_days') }}
            end,
            case
                when losses.lost_at > activities.last_on then losses.lost_at
                else cast('9999-12-31' as date)
            end
        ) as active_until
    from activities
    inner join parameters
        on
            activities.event_on >= parameters.valid_from
            and activities.event_on < parameters.valid_to
    left join losses
        on
            activities.customer_id = losses.customer_id
            and activities.version_from = losses.version_from
),

running as (
    select
        customer_id,
        version_from,
        event_on,
        contract_id,
        max(active_until) over (
            partition by customer_id, version_from
            order by event_on asc, contract_id asc nulls last, active_until asc
            rows between unbounded preceding and 1 preceding
        ) as active_until_before
    from intervals
    where active_until > event_on
),

totals as (
    select
        customer_id,
        version_from,
        max(active_until) as active_until
    from intervals
    where active_until > event_on
    group by customer_id, version_from
),

-- A spell begins with what happens after the last one is over, and ends with all that came before
-- the next one.
spells as (
    select
        customer_id,
        version_from,
        event_on as active_from,
        contract_id,
        row_number() over (
            partition by customer_id, version_from order by event_on
        ) as spell_no,
        lead(active_until_before) over (
            partition by customer_id, version_from order by event_on
        ) as active_until
    from running
    where active_until_before is null or event_on > active_until_before
)

select
    spells.customer_id,
    spells.version_from,
    versions.version_to,
    cast(spells.spell_no as integer) as spell_no,
    spells.active_from,
    coalesce(spells.active_until, totals.active_until) as active_until,
    case
        when spells.spell_no > 1 then 'won_back'
        when
            versions.first_document_on is null
            or versions.customer_since < versions.first_document_on
            then 'known'
        else 'new'
    end as entry,
    spells.contract_id,
    least(versions.customer_since, versions.first_document_on) as first_known_on,
    versions.is_from_before,
    versions.is_internal
from spells
inner join versions
    on
        spells.customer_id = versions.customer_id
        and spells.version_from = versions.version_from
inner join totals
    on
        spells.customer_id = totals.customer_id
        and spells.version_from = totals.version_from
