{{
    config(
        materialized="incremental",
        pre_hook="{{ forget_open_plans('plan_id', ['has_settled_facts']) }}",
    )
}}

{%- set planned = ref('int_planning__budgets') -%}
{%- set scoped = ref('int_planning__budget_scopes') -%}
{%- set scoped_types -%}
    select distinct planned.budget_type_id
    from {{ planned }} as planned
    inner join {{ scoped }} as scoped
        on planned.budget_id = scoped.budget_id and planned.version = scoped.version
    where scoped.dimension <> 'team_id'
{%- endset %}

with parameters as (
    select * from {{ ref('int_planning__parameters') }}
),

budgets as (
    select
        budgets.plan_id,
        budgets.budget_id,
        budgets.version,
        budgets.budget_type_id,
        budgets.facts_at,
        budgets.period_start,
        years.n as years_back,
        {{ add_months('budgets.period_start', '-12 * years.n') }} as prior_start,
        {{ add_months('budgets.period_end', '-12 * years.n') }} as prior_end
    from {{ ref('int_planning__budgets') }} as budgets
    inner join parameters
        on
            budgets.period_start >= parameters.valid_from
            and budgets.period_start < parameters.valid_to
    inner join {{ ref('int_core__numbers') }} as years
        on years.n >= 1 and years.n <= parameters.history_years
    where
        budgets.time_shape = 'flow'
        and not budgets.is_divided
        and budgets.mode = 'distribute'
        and {{ is_open_plan('budgets.plan_id') }}
),

-- The same period in earlier years, as far as its months were closed when the budget was approved.
prior_months as (
    select
        budgets.plan_id,
        budgets.budget_id,
        budgets.version,
        budgets.budget_type_id,
        budgets.years_back,
        budgets.prior_start,
        budgets.prior_end,
        months.month_start,
        months.month_end
    from budgets
    inner join {{ ref('int_core__booking_months') }} as months
        on
            budgets.facts_at >= months.closes_at
            and months.month_start < budgets.prior_end
            and months.month_end > budgets.prior_start
            and budgets.period_start >= months.month_end
),

complete as (
    select
        plan_id,
        budget_id,
        version,
        years_back,
        min(month_start) <= min(prior_start) and max(month_end) >= max(prior_end) as is_complete
    from prior_months
    group by plan_id, budget_id, version, years_back
),

scopes as (
    select * from {{ ref('int_planning__budget_scopes') }}
    where dimension <> 'team_id'
),

limited as (
    select
        budget_id,
        version,
        count(distinct dimension) as dimensions
    from scopes
    group by budget_id, version
),

parts as (
    select budget_type_id
    from {{ ref('budget_type_parts') }}
    where part = 'numerator'
),

of_all as (
    select
        prior_months.budget_id,
        prior_months.version,
        prior_months.years_back,
        sums.rep_id,
        sum(sums.amount) as amount
    from prior_months
    inner join parts on prior_months.budget_type_id = parts.budget_type_id
    inner join {{ ref('int_outcomes__sums') }} as sums
        on
            prior_months.budget_type_id = sums.budget_type_id
            and prior_months.month_start = sums.booking_month
            and sums.part = 'numerator'
            and sums.parameter_set_id = 'default'
            and not sums.is_overlay
            and sums.booking_piece >= prior_months.prior_start
            and sums.booking_piece < prior_months.prior_end
    left join limited
        on
            prior_months.budget_id = limited.budget_id
            and prior_months.version = limited.version
    where limited.budget_id is null
    group by
        prior_months.budget_id, prior_months.version, prior_months.years_back, sums.rep_id
),

of_all_keys as (
    select
        prior_months.budget_id,
        prior_months.version,
        prior_months.years_back,
        keys.rep_id,
        sum(keys.amount) as amount
    from prior_months
    inner join parts on prior_months.budget_type_id = parts.budget_type_id
    inner join {{ ref('int_outcomes__keys') }} as keys
        on
            prior_months.budget_type_id = keys.budget_type_id
            and prior_months.month_start = keys.booking_month
            and keys.part = 'numerator'
            and keys.parameter_set_id = 'default'
            and keys.booking_piece >= prior_months.prior_start
            and keys.booking_piece < prior_months.prior_end
    left join limited
        on
            prior_months.budget_id = limited.budget_id
            and prior_months.version = limited.version
    where limited.budget_id is null
    group by
        prior_months.budget_id, prior_months.version, prior_months.years_back, keys.rep_id
),

components as (
    select
        budget_type_id,
        rep_id,
        booking_date,
        product_category,
        channel,
        area_id,
        business_category,
        purchase_method,
        campaign_id,
        amount
    from {{ ref('int_budget_types__components') }}
    where
        as_of is null
        and part = 'numerator'
        and parameter_set_id = 'default'
        and credit_type <> 'overlay'
        and {{ is_among('budget_type_id', scoped_types, [planned, scoped]) }}
),

in_period as (
    select
        prior_months.budget_id,
        prior_months.version,
        prior_months.years_back,
        limited.dimensions,
        components.rep_id,
        components.amount,
        components.product_category,
        components.channel,
        components.area_id,
        components.business_category,
        components.purchase_method,
        components.campaign_id,
        row_number() over (
            partition by prior_months.budget_id, prior_months.version
            order by components.rep_id, components.booking_date, components.amount
        ) as row_no
    from prior_months
    inner join limited
        on
            prior_months.budget_id = limited.budget_id
            and prior_months.version = limited.version
    inner join components
        on
            prior_months.budget_type_id = components.budget_type_id
            and prior_months.month_start = {{ trunc_date('month', 'components.booking_date') }}
            and components.booking_date >= prior_months.prior_start
            and components.booking_date < prior_months.prior_end
),

in_scope as (
    select
        in_period.budget_id,
        in_period.version,
        in_period.years_back,
        in_period.row_no,
        in_period.rep_id,
        in_period.amount
    from in_period
    inner join scopes
        on
            in_period.budget_id = scopes.budget_id
            and in_period.version = scopes.version
            and case scopes.dimension
                when 'product_category' then in_period.product_category
                when 'channel' then in_period.channel
                when 'area_id' then in_period.area_id
                when 'business_category' then in_period.business_category
                when 'purchase_method' then in_period.purchase_method
                when 'campaign_id' then in_period.campaign_id
            end = scopes.allowed_value
    group by 1, 2, 3, 4, 5, 6
    having count(distinct scopes.dimension) = max(in_period.dimensions)
),

final as (
    select * from of_all
    union all
    select * from of_all_keys
    union all
    select
        budget_id,
        version,
        years_back,
        rep_id,
        sum(amount) as amount
    from in_scope
    group by budget_id, version, years_back, rep_id
)

select
    complete.plan_id,
    final.budget_id,
    final.version,
    final.years_back,
    final.rep_id,
    complete.is_complete,
    cast(sum(final.amount) as decimal(28, 4)) as prior_outcome
from final
inner join complete
    on
        final.budget_id = complete.budget_id
        and final.version = complete.version
        and final.years_back = complete.years_back
group by
    complete.plan_id, final.budget_id, final.version, final.years_back, final.rep_id,
    complete.is_complete
