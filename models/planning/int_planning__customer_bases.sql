{{
    config(
        materialized="incremental",
        pre_hook="{{ forget_open_plans('fact_basis_id', ['has_settled_facts']) }}",
    )
}}

with bases as (
    select distinct
        fact_basis_id,
        facts_at,
        valid_from as reference_date,
        scope_json
    from {{ ref('int_planning__budgets') }}
    where mode = 'distribute' and {{ is_open_plan('fact_basis_id') }}
),

parameters as (
    select * from {{ ref('int_planning__parameters') }}
),

-- The filters that say something about a customer or about what it was invoiced.
scopes as (
    select distinct
        budgets.fact_basis_id,
        scopes.dimension,
        scopes.allowed_value
    from {{ ref('int_planning__budget_scopes') }} as scopes
    inner join {{ ref('int_planning__budgets') }} as budgets
        on scopes.budget_id = budgets.budget_id and scopes.version = budgets.version
    where budgets.scope_json is not null
),

limits as (
    select
        fact_basis_id,
        max(case when dimension = 'area_id' then 1 else 0 end) as by_area,
        max(case when dimension = 'business_category' then 1 else 0 end) as by_business_category,
        max(case when dimension = 'purchase_method' then 1 else 0 end) as by_purchase_method,
        max(case when dimension = 'product_category' then 1 else 0 end) as by_product_category,
        max(case when dimension = 'channel' then 1 else 0 end) as by_channel
    from scopes
    group by fact_basis_id
),

owners as (
    select
        bases.fact_basis_id,
        owners.customer_id,
        min(owners.rep_id) as rep_id
    from bases
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            owners.role = 'owner'
            and bases.reference_date >= owners.valid_from
            and bases.reference_date < owners.valid_to
            and {{ known_at('owners', 'bases.facts_at') }}
    group by bases.fact_basis_id, owners.customer_id
),

customers as (
    select
        bases.fact_basis_id,
        bases.facts_at,
        customers.customer_id,
        owners.rep_id,
        customers.potential_amount,
        customers.currency,
        limits.by_product_category,
        limits.by_channel
    from bases
    inner join {{ ref('stg_canonical__customers') }} as customers
        on {{ known_at('customers', 'bases.facts_at') }} and not customers.is_deleted
    inner join owners
        on
            bases.fact_basis_id = owners.fact_basis_id
            and customers.customer_id = owners.customer_id
    left join limits on bases.fact_basis_id = limits.fact_basis_id
    left join scopes as areas
        on
            bases.fact_basis_id = areas.fact_basis_id
            and areas.dimension = 'area_id'
            and customers.area_id = areas.allowed_value
    left join scopes as business_categories
        on
            bases.fact_basis_id = business_categories.fact_basis_id
            and business_categories.dimension = 'business_category'
            and customers.business_category = business_categories.allowed_value
    left join scopes as purchase_methods
        on
            bases.fact_basis_id = purchase_methods.fact_basis_id
            and purchase_methods.dimension = 'purchase_method'
            and customers.purchase_method = purchase_methods.allowed_value
    where
        not coalesce(customers.is_internal, false)
        and customers.merged_into_id is null
        and (customers.lost_at is null or customers.lost_at >= bases.reference_date)
        and (coalesce(limits.by_area, 0) = 0 or areas.allowed_value is not null)
        and (
            coalesce(limits.by_business_category, 0) = 0
            or business_categories.allowed_value is not null
        )
        and (
            coalesce(limits.by_purchase_method, 0) = 0
            or purchase_methods.allowed_value is not null
        )
),

-- The last twelve months that were closed when the budget was approved.
closed_months as (
    select
        bases.fact_basis_id,
        bases.facts_at,
        months.month_start,
        row_number() over (
            partition by bases.fact_basis_id order by months.month_start desc
        ) as month_no,
        parameters.revenue_months
    from bases
    inner join {{ ref('int_core__booking_months') }} as months
        on bases.facts_at >= months.closes_at and bases.reference_date >= months.month_end
    inner join parameters
        on
            bases.reference_date >= parameters.valid_from
            and bases.reference_date < parameters.valid_to
),

invoiced as (
    select
        booking_month,
        customer_id,
        product_category,
        channel,
        sum(net_amount) as revenue
    from {{ ref('fct_invoice_line_credits') }}
    where
        credit_type = 'revenue'
        and booking_month in (
            select closed_months.month_start
            from closed_months
            where closed_months.month_no <= closed_months.revenue_months
        )
    group by booking_month, customer_id, product_category, channel
),

invoiced_by_survivor as (
    select
        closed_months.fact_basis_id,
        {{ surviving_customer('invoiced.customer_id') }} as customer_id,
        sum(invoiced.revenue) as revenue
    from closed_months
    inner join invoiced
        on
            closed_months.month_start = invoiced.booking_month
            and closed_months.month_no <= closed_months.revenue_months
    left join limits on closed_months.fact_basis_id = limits.fact_basis_id
    left join scopes as categories
        on
            closed_months.fact_basis_id = categories.fact_basis_id
            and categories.dimension = 'product_category'
            and invoiced.product_category = categories.allowed_value
    left join scopes as channels
        on
            closed_months.fact_basis_id = channels.fact_basis_id
            and channels.dimension = 'channel'
            and invoiced.channel = channels.allowed_value
    {{ join_surviving_customer('invoiced.customer_id', 'closed_months.facts_at') }}
    where
        (coalesce(limits.by_product_category, 0) = 0 or categories.allowed_value is not null)
        and (coalesce(limits.by_channel, 0) = 0 or channels.allowed_value is not null)
    group by 1, 2
),

potentials as (
    select
        customers.fact_basis_id,
        customers.customer_id,
        customers.rep_id,
        coalesce(invoiced_by_survivor.revenue, 0) as revenue,
        {{ money_mul('customers.potential_amount', 'rates.rate') }} as potential
    from customers
    left join invoiced_by_survivor
        on
            customers.fact_basis_id = invoiced_by_survivor.fact_basis_id
            and customers.customer_id = invoiced_by_survivor.customer_id
    left join {{ ref('int_core__daily_rates') }} as rates
        on
            customers.currency = rates.currency
            and {{ add_days(local_date('customers.facts_at'), -1) }} = rates.date_day
            and {{ trunc_date('month', add_days(local_date('customers.facts_at'), -1)) }}
            = rates.booking_month
)

select
    fact_basis_id,
    customer_id,
    rep_id,
    cast(revenue as decimal(28, 4)) as revenue,
    cast(coalesce(potential, 0) as decimal(28, 4)) as potential,
    cast(greatest(coalesce(potential, 0) - greatest(revenue, 0), 0) as decimal(28, 4)) as gap
from potentials
