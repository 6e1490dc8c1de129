with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select max(month_start) as last_month
    from {{ ref('int_core__booking_months') }}
),

-- What customers have brought in: amounts were converted at the rate of each invoice date.
invoiced as (
    select
        {{ surviving_customer('customer_months.customer_id') }} as customer_id,
        sum(customer_months.invoicing) as amount,
        count(*) - count(customer_months.invoicing) as missing_amounts
    from {{ ref('fct_customer_months') }} as customer_months
    cross join context
    {{ join_surviving_customer('customer_months.customer_id', 'context.cut_off_utc') }}
    group by 1
),

versions as (
    select
        versions.*,
        context.as_of,
        context.cut_off_utc
    from context
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            {{ known_at('versions', 'context.cut_off_utc') }}
            and context.as_of > versions.signed_at
),

-- What customers are bound to from S on: to the first free exit or for the term, until a notice or
-- a renewal ends it before.
bound as (
    select
        versions.contract_id,
        versions.customer_id,
        versions.currency,
        versions.as_of,
        versions.cut_off_utc,
        least(
            {{ add_months('versions.start_date', 'versions.committed_months') }},
            versions.ends_on,
            coalesce(min(renewals.start_date), versions.ends_on)
        ) as bound_to,
        greatest(versions.start_date, versions.as_of) as bound_from
    from versions
    left join versions as renewals on versions.contract_id = renewals.renews_contract_id
    group by
        versions.contract_id,
        versions.customer_id,
        versions.currency,
        versions.as_of,
        versions.cut_off_utc,
        versions.start_date,
        versions.committed_months,
        versions.ends_on
),

remaining as (
    select
        bound.contract_id,
        {{ surviving_customer('bound.customer_id') }} as customer_id,
        bound.currency,
        bound.as_of,
        bound.cut_off_utc,
        {{ months_between('bound.bound_from', 'bound.bound_to') }} as months
    from bound
    {{ join_surviving_customer('bound.customer_id', 'bound.cut_off_utc') }}
    where {{ months_between('bound.bound_from', 'bound.bound_to') }} > 0
),

committed as (
    select
        remaining.contract_id,
        remaining.customer_id,
        {{ money_mul(
            ratio('contract_lines.annual_value * remaining.months', '12', 4), 'rates.rate'
        ) }} as amount
    from remaining
    cross join months
    inner join {{ ref('stg_canonical__contract_lines') }} as contract_lines
        on
            remaining.contract_id = contract_lines.contract_id
            and {{ known_at('contract_lines', 'remaining.cut_off_utc') }}
            and not contract_lines.is_deleted
    left join {{ ref('int_core__daily_rates') }} as rates
        on
            months.last_month = rates.booking_month
            and remaining.currency = rates.currency
            and {{ add_days('remaining.as_of', -1) }} = rates.date_day
    where contract_lines.annual_value is not null
),

records as (
    select
        customer_id,
        'invoiced' as value_kind,
        'customer' as record_type,
        customer_id as record_id,
        case when missing_amounts = 0 then amount end as amount
    from invoiced

    union all

    select
        customer_id,
        'committed' as value_kind,
        'contract' as record_type,
        contract_id as record_id,
        case when count(amount) = count(*) then sum(amount) end as amount
    from committed
    group by customer_id, contract_id
),

-- Whoever is invoiced has an owner, also while the CRM tells nothing else of the customer.
owners as (
    select
        owners.customer_id,
        min(owners.rep_id) as rep_id
    from {{ ref('int_core__customer_owners') }} as owners
    inner join context
        on
            context.as_of >= owners.valid_from
            and context.as_of < owners.valid_to
            and {{ known_at('owners', 'context.cut_off_utc') }}
    where owners.role = 'owner'
    group by owners.customer_id
)

select
    records.customer_id,
    records.value_kind,
    records.record_type,
    records.record_id,
    coalesce(owners.rep_id, 'unassigned') as rep_id,
    customers.area_id,
    customers.business_category,
    customers.purchase_method,
    cast(records.amount as decimal(18, 4)) as amount
from records
left join owners on records.customer_id = owners.customer_id
left join {{ ref('dim_customers') }} as customers on records.customer_id = customers.customer_id
where coalesce(customers.is_internal, false) is false
