with budgets as (
    select
        budget_id,
        version,
        facts_at,
        period_start,
        period_end,
        expected_renewal_rate
    from {{ ref('int_planning__budgets') }}
    where channel = 'renewal' and not has_target
),

years as (
    select numbers.n as year_no
    from {{ ref('int_core__numbers') }} as numbers
    where
        numbers.n >= 1
        and numbers.n <= (
            select max(parameters.calendar_years)
            from {{ ref('int_core__parameters') }} as parameters
        )
),

contracts as (
    select
        budgets.*,
        versions.contract_id,
        versions.currency,
        {{ add_months('versions.start_date', '12 * (years.year_no - 1)') }} as year_start,
        least({{ add_months('versions.start_date', '12 * years.year_no') }}, versions.ends_on)
            as due_on,
        versions.ends_on,
        versions.termination_notice_date is not null and versions.withdrawn_on is null
            as is_terminated
    from budgets
    inner join {{ ref('int_core__contract_versions') }} as versions
        on {{ known_at('versions', 'budgets.facts_at') }}
    cross join years
    where
        {{ add_months('versions.start_date', '12 * years.year_no') }} >= budgets.period_start
        and {{ add_months('versions.start_date', '12 * (years.year_no - 1)') }}
        < budgets.period_end
),

-- A contract year falls due with its last day. One that ends with a notice is not renewed.
due as (
    select *
    from contracts
    where
        year_start < ends_on
        and due_on >= period_start
        and due_on < period_end
        and not (is_terminated and due_on = ends_on)
),

allowed as (
    select * from {{ ref('int_planning__budget_scopes') }}
    where dimension = 'product_category'
),

limited as (
    select distinct
        budget_id,
        version
    from allowed
),

valued as (
    select
        due.budget_id,
        due.version,
        lines.contract_line_id,
        due.due_on,
        due.expected_renewal_rate,
        lines.product_category,
        due.facts_at,
        {{ money_mul('lines.annual_value', 'rates.rate') }} as annual_value
    from due
    inner join {{ ref('stg_canonical__contract_lines') }} as lines
        on
            due.contract_id = lines.contract_id
            and {{ known_at('lines', 'due.facts_at') }}
            and not lines.is_deleted
    left join limited
        on due.budget_id = limited.budget_id and due.version = limited.version
    left join allowed
        on
            due.budget_id = allowed.budget_id
            and due.version = allowed.version
            and lines.product_category = allowed.allowed_value
    left join {{ ref('int_core__daily_rates') }} as rates
        on
            due.currency = rates.currency
            and {{ add_days(local_date('due.facts_at'), -1) }} = rates.date_day
            and {{ trunc_date('month', add_days(local_date('due.facts_at'), -1)) }}
            = rates.booking_month
    where limited.budget_id is null or allowed.budget_id is not null
),

rated as (
    select
        valued.budget_id,
        valued.version,
        valued.contract_line_id,
        valued.due_on,
        valued.annual_value,
        coalesce(valued.expected_renewal_rate, renewal_rates.expected_rate) as rate,
        row_number() over (
            partition by valued.budget_id, valued.version, valued.contract_line_id, valued.due_on
            order by renewal_rates.period desc nulls last
        ) as newest
    from valued
    left join {{ ref('stg_canonical__renewal_rates') }} as renewal_rates
        on
            valued.product_category = renewal_rates.product_category
            and valued.due_on >= renewal_rates.period
            and {{ known_at('renewal_rates', 'valued.facts_at') }}
            and not renewal_rates.is_deleted
)

select
    budget_id,
    version,
    contract_line_id,
    due_on,
    cast(annual_value as decimal(18, 4)) as annual_value,
    cast(rate as decimal(18, 10)) as rate,
    {{ money_mul('annual_value', 'rate') }} as expected_value
from rated
where newest = 1
