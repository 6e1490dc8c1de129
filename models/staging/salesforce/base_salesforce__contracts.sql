{%- set filled = [
    'contract_id', 'customer_id', 'owner_rep_id', 'opportunity_id', 'signed_at',
    'start_date', 'end_date', 'term_months', 'status', 'currency', 'source_id',
    'recorded_at', 'created_recorded_at', 'is_deleted'
] -%}
with

contracts as (
    select
        *,
        {{ salesforce_id('id') }} as contract_id
    from {{ source('raw_salesforce', 'salesforce__contract') }}
),

opportunities as (
    select
        {{ salesforce_id('id') }} as opportunity_id,
        {{ salesforce_id('contract_id') }} as contract_id,
        system_modstamp,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row
    from {{ source('raw_salesforce', 'salesforce__opportunity') }}
    where contract_id is not null
),

run_context as (
    select company_currency from {{ source('run', 'run_context') }}
),

-- What a row says is joined with what had been delivered of the other object by then; where that
-- comes later, its row says it anew. So a row depends on its own extract and earlier ones only.
of_contracts as (
    select
        contracts.*,
        opportunities.opportunity_id,
        row_number() over (
            partition by contracts.source_file, contracts.record_no
            order by
                opportunities.extract_date desc nulls last,
                opportunities.system_modstamp desc nulls last,
                opportunities.record_no desc nulls last
        ) as newest
    from contracts
    left join opportunities
        on
            contracts.contract_id = opportunities.contract_id
            and contracts.extract_date >= opportunities.extract_date
),

of_opportunities as (
    select
        contracts.contract_id,
        contracts.id,
        contracts.is_deleted,
        contracts.account_id,
        contracts.owner_id,
        contracts.status,
        contracts.customer_signed_date,
        contracts.company_signed_date,
        contracts.activated_date,
        contracts.start_date,
        contracts.end_date,
        contracts.contract_term,
        contracts.currency_iso_code,
        contracts.created_date,
        greatest(contracts.system_modstamp, opportunities.system_modstamp) as system_modstamp,
        opportunities.source_file,
        opportunities.line,
        opportunities.record_no,
        opportunities.extract_date,
        opportunities.raw_row,
        opportunities.opportunity_id,
        row_number() over (
            partition by contracts.contract_id, opportunities.source_file, opportunities.record_no
            order by
                contracts.extract_date desc,
                contracts.system_modstamp desc,
                contracts.record_no desc
        ) as newest
    from opportunities
    inner join contracts
        on
            opportunities.contract_id = contracts.contract_id
            and opportunities.extract_date > contracts.extract_date
),

joined as (
    select
        contract_id,
        id,
        is_deleted,
        account_id,
        owner_id,
        status,
        customer_signed_date,
        company_signed_date,
        activated_date,
        start_date,
        end_date,
        contract_term,
        currency_iso_code,
        created_date,
        system_modstamp,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        opportunity_id,
        1 as counted
    from of_contracts
    where newest = 1

    union all

    select
        contract_id,
        id,
        is_deleted,
        account_id,
        owner_id,
        status,
        customer_signed_date,
        company_signed_date,
        activated_date,
        start_date,
        end_date,
        contract_term,
        currency_iso_code,
        created_date,
        system_modstamp,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        opportunity_id,
        0 as counted
    from of_opportunities
    where newest = 1
),

mapped as (
    select
        contract_id,
        {{ salesforce_id('account_id') }} as customer_id,
        {{ salesforce_id('owner_id') }} as owner_rep_id,
        opportunity_id,
        coalesce(customer_signed_date, company_signed_date, {{ day_of('activated_date') }})
            as signed_at,
        start_date,
        coalesce(cast({{ add_days(to_date('end_date'), 1) }} as varchar), end_date) as end_date,
        contract_term as term_months,
        status,
        coalesce(
            currency_iso_code, (select run_context.company_currency from run_context)
        ) as currency,
        {{ salesforce_row(counted='counted') }}
    from joined
),

final as (
    {{ canonical_rows('contracts', filled, 'mapped') }}
)

select * from final
