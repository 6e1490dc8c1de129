{{
    config(
        materialized="incremental",
        pre_hook="{{ forget_open_plans('basis_id', ['is_settled', 'has_settled_facts']) }}",
    )
}}

with budgets as (
    select * from {{ ref('int_planning__budgets') }}
    where mode = 'distribute'
),

phases as (
    select
        basis_id,
        budget_id,
        version,
        rep_id,
        sum(fte_days) as fte_days,
        sum(round(cast(fte_days as decimal(28, 10)) * cast(ramp_factor as decimal(18, 10)), 10))
            as ramped_days,
        sum(presence) as presence,
        sum(ramped_presence) as ramped_presence
    from {{ ref('int_planning__rep_phases') }}
    where {{ is_open_plan('basis_id') }}
    group by basis_id, budget_id, version, rep_id
),

months as (
    select
        budget_id,
        version,
        sum(weight) as weight
    from {{ ref('int_planning__budget_months') }}
    group by budget_id, version
),

-- How much each measure counts. One method is the whole; who divides by hand says by what the rest
-- is divided, else it is the number of customers.
named as (
    {% for measure in planning_measures() -%}
        select
            budget_id,
            version,
            allocation_method,
            '{{ measure }}' as measure,
            case
                when only_measure is not null
                    then case when only_measure = '{{ measure }}' then 1 else 0 end
                else coalesce({{ json_number('weight_json', "'" ~ measure ~ "'") }}, 0)
            end as factor
        from budgets
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

shares_of_measures as (
    select
        budget_id,
        version,
        measure,
        case
            when
                allocation_method = 'manual'
                and measure = 'customers'
                and sum(factor) over (partition by budget_id, version) = 0
                then 1
            else factor
        end as factor,
        sum(case when factor > 0 then 1 else 0 end) over (
            partition by budget_id, version
        ) as measures
    from named
),

wanted as (
    select * from shares_of_measures
    where factor > 0
),

customer_measures as (
    select
        fact_basis_id,
        rep_id,
        count(*) as customers,
        sum(revenue) as revenue,
        sum(gap) as gap
    from {{ ref('int_planning__customer_bases') }}
    group by fact_basis_id, rep_id
),

measured as (
    select
        phases.basis_id,
        phases.budget_id,
        phases.version,
        phases.rep_id,
        wanted.measure,
        wanted.factor,
        wanted.measures,
        phases.presence,
        phases.ramped_presence,
        months.weight as full_presence,
        case wanted.measure
            when 'equal' then cast(1 as decimal(28, 4))
            when 'customers' then cast(customer_measures.customers as decimal(28, 4))
            when 'customer_revenue' then cast(customer_measures.revenue as decimal(28, 4))
            when 'potential' then cast(customer_measures.gap as decimal(28, 4))
            when 'prior_outcome'
                then cast(
                    round(
                        cast(prior_outcomes.prior_outcome as decimal(19, 4))
                        * coalesce({{ json_number('budgets.weight_json', "'indexation'") }}, 1),
                        4
                    ) as decimal(28, 4)
                )
            else cast(phases.fte_days as decimal(28, 4))
        end as measured_value,
        cast(phases.ramped_days as decimal(28, 10)) as ramped_days
    from phases
    inner join budgets
        on phases.budget_id = budgets.budget_id and phases.version = budgets.version
    inner join months
        on phases.budget_id = months.budget_id and phases.version = months.version
    inner join wanted
        on phases.budget_id = wanted.budget_id and phases.version = wanted.version
    left join customer_measures
        on
            budgets.fact_basis_id = customer_measures.fact_basis_id
            and phases.rep_id = customer_measures.rep_id
    left join {{ ref('int_planning__prior_outcomes') }} as prior_outcomes
        on
            prior_outcomes.years_back = 1
            and phases.budget_id = prior_outcomes.budget_id
            and phases.version = prior_outcomes.version
            and phases.rep_id = prior_outcomes.rep_id
),

-- A rep who comes or goes within the period weighs for the part of it; working days say it by
-- themselves. A joiner's ramp lowers the weight.
timed as (
    select
        *,
        case
            when measure = 'working_days' then cast(measured_value as decimal(28, 10))
            else cast(
                round(
                    cast(greatest(coalesce(measured_value, 0), 0) as decimal(19, 4))
                    * cast({{ ratio('presence', 'full_presence', 10) }} as decimal(18, 10)),
                    10
                ) as decimal(28, 10)
            )
        end as full_value,
        case
            when measure = 'working_days' then ramped_days
            else cast(
                round(
                    cast(greatest(coalesce(measured_value, 0), 0) as decimal(19, 4))
                    * cast({{ ratio('ramped_presence', 'full_presence', 10) }} as decimal(18, 10)),
                    10
                ) as decimal(28, 10)
            )
        end as ramped_value
    from measured
),

combined as (
    select
        *,
        sum(full_value) over (partition by budget_id, version, measure) as total
    from timed
),

-- Several measures are added as shares of their totals, one measure stands for itself.
weighed as (
    select
        basis_id,
        budget_id,
        version,
        rep_id,
        case
            when measures <= 1 then full_value
            else round(
                cast(coalesce({{ ratio('full_value', 'total', 10) }}, 0) as decimal(28, 10))
                * cast(factor as decimal(18, 10)),
                10
            )
        end as full_weight,
        case
            when measures <= 1 then ramped_value
            else round(
                cast(coalesce({{ ratio('ramped_value', 'total', 10) }}, 0) as decimal(28, 10))
                * cast(factor as decimal(18, 10)),
                10
            )
        end as weight
    from combined
),

by_rep as (
    select
        basis_id,
        budget_id,
        version,
        rep_id,
        sum(full_weight) as full_weight,
        sum(weight) as weight
    from weighed
    group by basis_id, budget_id, version, rep_id
),

-- What a ramp leaves goes to the others, or waits at `unassigned` where the budget says so.
gaps as (
    select
        by_rep.basis_id,
        by_rep.budget_id,
        by_rep.version,
        'unassigned' as rep_id,
        sum(by_rep.full_weight - by_rep.weight) as full_weight,
        sum(by_rep.full_weight - by_rep.weight) as weight
    from by_rep
    inner join budgets
        on by_rep.budget_id = budgets.budget_id and by_rep.version = budgets.version
    where {{ json_number('budgets.weight_json', "'ramp_gap_unassigned'") }} > 0
    group by by_rep.basis_id, by_rep.budget_id, by_rep.version
    having sum(by_rep.full_weight - by_rep.weight) > 0
),

final as (
    select * from by_rep
    union all
    select * from gaps
)

select
    basis_id,
    budget_id,
    version,
    rep_id,
    cast(weight as decimal(28, 10)) as weight
from final
