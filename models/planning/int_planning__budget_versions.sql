{%- set dimensions = [
    'product_category', 'channel', 'area_id', 'business_category', 'purchase_method',
    'campaign_id', 'team_id',
] -%}
{%- set weight_parameters = [
    'equal', 'customers', 'customer_revenue', 'prior_outcome', 'potential', 'working_days',
    'indexation', 'ramp', 'ramp_gap_unassigned', 'per_weeks', 'minimum_budget',
    'raise_to_floors', 'result_per_unit', 'conversions',
] -%}
{%- set text_list = '\\[\\s*("[^"\\\\]*"\\s*(,\\s*"[^"\\\\]*"\\s*)*)?\\]' -%}
{%- set number = '[0-9]+([.][0-9]+)?' -%}
{%- set number_list = '\\[\\s*' ~ number ~ '\\s*(,\\s*' ~ number ~ '\\s*)*\\]' -%}
{%- set number_or_list = '(' ~ number ~ '|' ~ number_list ~ ')' -%}
with context as (
    select * from {{ ref('int_core__context') }}
),

versions as (
    select
        budgets.*,
        {{ local_midnight_utc('budgets.period_start') }} as begins_at,
        budgets.status in ('approved', 'locked') and not budgets.is_deleted as is_approved,
        {{ hash_key([
            'budgets.budget_type_id', 'budgets.campaign_id', 'budgets.period_start',
            'budgets.period_end_excl', 'budgets.company_target', 'budgets.currency',
            'budgets.over_assignment', 'budgets.allocation_method', 'budgets.weight_params',
            'budgets.rounding_unit', 'budgets.distribution_id', 'budgets.filters',
            'budgets.target_mode', 'budgets.target_low', 'budgets.expected_renewal_rate',
            'budgets.linked_budget_id',
        ]) }} as plan_hash,
        context.cut_off_utc,
        context.company_currency
    from {{ ref('stg_canonical__budgets') }} as budgets
    inner join context on budgets.known_from < context.cut_off_utc
),

-- Only what is approved or locked today gives targets; what it gave before is in the scores.
standing as (
    select budget_id
    from versions
    where is_approved and known_to >= cut_off_utc
),

approved as (
    select
        versions.*,
        min(versions.known_from) over (partition by versions.budget_id) as first_approved_at,
        lag(versions.plan_hash) over (
            partition by versions.budget_id order by versions.known_from
        ) as previous_plan_hash
    from versions
    inner join standing on versions.budget_id = standing.budget_id
    where versions.is_approved
),

-- The plan is what was approved when the period began, or first after that. What is approved later
-- holds from the first month that had not begun.
dated as (
    select
        approved.*,
        approved.known_from < approved.begins_at
        or approved.known_from = approved.first_approved_at as is_plan,
        case
            when
                approved.known_from < approved.begins_at
                or approved.known_from = approved.first_approved_at
                then approved.period_start
            else {{ add_months(trunc_date('month', local_date('approved.known_from')), 1) }}
        end as valid_from
    from approved
    where
        approved.plan_hash is distinct from approved.previous_plan_hash
        or approved.known_from = approved.first_approved_at
),

newest as (
    select
        *,
        row_number() over (
            partition by budget_id, is_plan, case when is_plan then null else valid_from end
            order by known_from desc
        ) as newest_no
    from dated
),

numbered as (
    select
        *,
        row_number() over (partition by budget_id order by valid_from, known_from) as version
    from newest
    where newest_no = 1 and (is_plan or valid_from < period_end_excl)
),

plans as (
    select
        budget_id,
        period_start,
        period_end_excl
    from numbered
    where version = 1
),

readable as (
    select
        numbered.*,
        plans.period_start as plan_start,
        plans.period_end_excl as plan_end,
        numbered.filters is null
        or {{ is_json_object('numbered.filters', dimensions, text_list) }} as has_readable_filters,
        numbered.weight_params is null
        or {{ is_json_object('numbered.weight_params', weight_parameters, number_or_list) }}
            as has_readable_weights
    from numbered
    inner join plans on numbered.budget_id = plans.budget_id
),

typed as (
    select
        readable.*,
        registry.budget_type_id is not null as is_known_type,
        registry.time_shape,
        registry.measures,
        registry.unit as type_unit,
        registry.is_divided,
        registry.direction,
        registry.fills,
        registry.requires,
        registry.channel as type_channel,
        case when readable.has_readable_filters then readable.filters end as scope_json,
        case when readable.has_readable_weights then readable.weight_params end as weight_json,
        coalesce(readable.target_mode, registry.target_mode) as mode,  -- noqa: RF04
        registry.unit like 'currency%'
        and readable.currency is not null
        and readable.currency <> readable.company_currency as is_foreign
    from readable
    left join {{ ref('budget_type_registry') }} as registry
        on readable.budget_type_id = registry.budget_type_id
),

-- A target in another currency is converted once, at the rate known when it was approved.
converted as (
    select
        typed.*,
        rates.rate
    from typed
    left join {{ ref('int_core__daily_rates') }} as rates
        on
            -- One comparison, so that budgets and rates are matched and not each tried with each.
            case when typed.is_foreign then typed.currency end = rates.currency
            and {{ add_days(local_date('typed.known_from'), -1) }} = rates.date_day
            and {{ trunc_date('month', add_days(local_date('typed.known_from'), -1)) }}
            = rates.booking_month
)

select
    budget_id,
    cast(version as integer) as version,
    version = max(version) over (partition by budget_id) as is_current,
    name,
    campaign_id,
    budget_type_id,
    is_known_type,
    time_shape,
    measures,
    type_unit,
    is_divided,
    direction,
    fills,
    requires,
    mode,
    plan_start as period_start,
    plan_end as period_end,
    greatest(valid_from, plan_start) as valid_from,
    status,
    known_from as decided_at,
    -- What the plan reads of people and hand-set targets may change until the period begins.
    least(
        cut_off_utc,
        greatest({{ local_midnight_utc('greatest(valid_from, plan_start)') }}, known_from)
    ) as settled_at,
    cut_off_utc,
    company_target is not null as has_target,
    is_foreign and rate is null as has_no_rate,
    cast(
        case when is_foreign then {{ money_mul('company_target', 'rate') }} else company_target end
        as decimal(18, 4)
    ) as own_target,
    cast(
        case when is_foreign then {{ money_mul('target_low', 'rate') }} else target_low end
        as decimal(18, 4)
    ) as target_low,
    cast(coalesce(over_assignment, 0) as decimal(18, 10)) as over_assignment,
    coalesce(allocation_method, 'equal') as allocation_method,
    weight_json,
    has_readable_weights,
    cast(coalesce(rounding_unit, 1) as decimal(18, 4)) as unit,
    rounding_unit is not null as has_unit,
    distribution_id,
    scope_json,
    has_readable_filters,
    case
        when {{ json_list_length('scope_json', "'channel'") }} = 1
            then {{ json_list_item('scope_json', "'channel'", 0) }}
        else coalesce(type_channel, 'all')
    end as channel,
    expected_renewal_rate,
    linked_budget_id,
    reward_text,
    reward_threshold
from converted
