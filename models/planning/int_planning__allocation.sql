with plans as (
    select * from {{ ref('int_planning__budgets') }}
    where is_plan and mode = 'distribute'
),

shares as (
    select * from {{ ref('int_planning__shares') }}
),

pools as (
    select * from {{ ref('int_planning__pool_checks') }}
    where rule_id is null
),

current_targets as (
    select
        budget_id,
        rep_id,
        sum(target) as target
    from {{ ref('int_planning__month_shares') }}
    group by budget_id, rep_id
),

members as (
    select
        pool_id as budget_id,
        rep_id
    from shares
    union
    select
        budget_id,
        rep_id
    from current_targets
),

workdays as (
    select
        budget_id,
        version,
        rep_id,
        sum(fte_days) as fte_days
    from {{ ref('int_planning__rep_phases') }}
    group by budget_id, version, rep_id
),

customers as (
    select
        fact_basis_id,
        rep_id,
        count(*) as customers,
        sum(potential) as potential
    from {{ ref('int_planning__customer_bases') }}
    group by fact_basis_id, rep_id
),

joined as (
    select
        members.budget_id,
        members.rep_id,
        plans.version,
        plans.allocation_method,
        plans.unit,
        pools.amount as pool_amount,
        pools.weight as total_weight,
        coalesce(shares.weight, 0) as weight,
        coalesce(shares.raw_amount, 0) as raw_amount,
        coalesce(shares.rounding_delta, 0) as rounding_delta,
        shares.floor,
        shares.cap,
        coalesce(shares.is_locked, false) as is_locked,
        coalesce(shares.is_equal, false) as is_equal,
        coalesce(shares.place, 'later') as place,
        coalesce(shares.target, 0) as target,
        coalesce(current_targets.target, 0) as current_target,
        prior_outcomes.prior_outcome,
        customers.customers,
        customers.potential,
        workdays.fte_days
    from members
    inner join plans on members.budget_id = plans.budget_id
    inner join pools on members.budget_id = pools.pool_id
    left join shares on members.budget_id = shares.pool_id and members.rep_id = shares.rep_id
    left join current_targets
        on
            members.budget_id = current_targets.budget_id
            and members.rep_id = current_targets.rep_id
    left join {{ ref('int_planning__prior_outcomes') }} as prior_outcomes
        on
            members.budget_id = prior_outcomes.budget_id
            and plans.version = prior_outcomes.version
            and members.rep_id = prior_outcomes.rep_id
            and prior_outcomes.years_back = 1
    left join customers
        on
            plans.fact_basis_id = customers.fact_basis_id
            and members.rep_id = customers.rep_id
    left join workdays
        on
            members.budget_id = workdays.budget_id
            and plans.version = workdays.version
            and members.rep_id = workdays.rep_id
),

measured as (
    select
        *,
        {{ ratio('target', 'prior_outcome', 4, decimals=4) }} as stretch,
        {{ ratio('target', 'customers', 4, decimals=4) }} as target_per_customer,
        {{ ratio('target', 'fte_days', 4, decimals=4) }} as target_per_working_day,
        {{ ratio('target', 'potential', 4, decimals=4) }} as share_of_potential,
        cast(cast(round(target, 0) as decimal(28, 0)) as varchar) as target_text,
        cast(cast(round(raw_amount, 2) as decimal(28, 2)) as varchar) as raw_text,
        cast(cast(round(weight, 4) as decimal(28, 4)) as varchar) as weight_text,
        cast(cast(round(total_weight, 4) as decimal(28, 4)) as varchar) as total_text,
        cast(cast(round(pool_amount, 0) as decimal(28, 0)) as varchar) as pool_text,
        case
            when unit = round(unit, 0)
                then cast(cast(round(unit, 0) as decimal(18, 0)) as varchar)
            else cast(cast(unit as decimal(18, 4)) as varchar)
        end as unit_text,
        cast(cast(round(coalesce(floor, 0), 0) as decimal(28, 0)) as varchar) as floor_text,
        cast(cast(round(coalesce(cap, 0), 0) as decimal(28, 0)) as varchar) as cap_text,
        cast(cast(round(current_target, 0) as decimal(28, 0)) as varchar) as current_text
    from joined
),

-- One sentence why, from the figures that decided it; and one more where the months have changed.
final as (
    select
        measured.*,
        case
            when measured.place = 'later' then 'Not in the plan.'
            when measured.place = 'locked'
                then
                    'Target ' || measured.target_text
                    || ' is locked: it was set by hand, and the others share what is left of '
                    || measured.pool_text || '.'
            when measured.rep_id = 'unassigned'
                then
                    'Target ' || measured.target_text || ' of ' || measured.pool_text
                    || ' waits for a rep: it is what joiners are not yet asked for.'
            when measured.place = 'cap'
                then
                    'Target ' || measured.target_text || ' of ' || measured.pool_text
                    || ' is the cap ' || measured.cap_text || '; weight ' || measured.weight_text
                    || ' of ' || measured.total_text || ', ' || methods.name_en
                    || ', would give more.'
            when measured.place = 'floor' and measured.floor is not null
                then
                    'Target ' || measured.target_text || ' of ' || measured.pool_text
                    || ' is the floor ' || measured.floor_text || '; weight '
                    || measured.weight_text || ' of ' || measured.total_text || ', '
                    || methods.name_en || ', would give less.'
            when measured.is_equal
                then
                    'Target ' || measured.target_text || ' of ' || measured.pool_text
                    || ' is an equal share, because nobody who could take more has a weight '
                    || methods.name_en || '.'
            else
                'Target ' || measured.target_text || ' of ' || measured.pool_text
                || ' was divided ' || methods.name_en || ': weight ' || measured.weight_text
                || ' of ' || measured.total_text || ' gives ' || measured.raw_text
                || ', rounded to whole ' || measured.unit_text || '.'
        end
        || case
            when measured.current_target <> measured.target
                then ' Since then it has become ' || measured.current_text || '.'
            else ''
        end as reason_en,
        case
            when measured.place = 'later' then 'Ingår inte i planen.'
            when measured.place = 'locked'
                then
                    'Målet ' || measured.target_text
                    || ' är låst: det är satt för hand, och de andra delar på resten av '
                    || measured.pool_text || '.'
            when measured.rep_id = 'unassigned'
                then
                    'Målet ' || measured.target_text || ' av ' || measured.pool_text
                    || ' väntar på en säljare: det är vad nyanställda ännu inte har krav på.'
            when measured.place = 'cap'
                then
                    'Målet ' || measured.target_text || ' av ' || measured.pool_text
                    || ' är taket ' || measured.cap_text || '; vikten ' || measured.weight_text
                    || ' av ' || measured.total_text || ', ' || methods.name_sv
                    || ', skulle ge mer.'
            when measured.place = 'floor' and measured.floor is not null
                then
                    'Målet ' || measured.target_text || ' av ' || measured.pool_text
                    || ' är golvet ' || measured.floor_text || '; vikten '
                    || measured.weight_text || ' av ' || measured.total_text || ', '
                    || methods.name_sv || ', skulle ge mindre.'
            when measured.is_equal
                then
                    'Målet ' || measured.target_text || ' av ' || measured.pool_text
                    || ' är en lika del, för ingen som kan ta mer har någon vikt '
                    || methods.name_sv || '.'
            else
                'Målet ' || measured.target_text || ' av ' || measured.pool_text
                || ' är fördelat ' || methods.name_sv || ': vikten ' || measured.weight_text
                || ' av ' || measured.total_text || ' ger ' || measured.raw_text
                || ', avrundat till hela ' || measured.unit_text || '.'
        end
        || case
            when measured.current_target <> measured.target
                then ' Sedan dess har det blivit ' || measured.current_text || '.'
            else ''
        end as reason_sv
    from measured
    inner join {{ ref('planning_methods') }} as methods
        on measured.allocation_method = methods.method
)

select
    budget_id,
    rep_id,
    cast(weight as decimal(28, 10)) as weight,
    cast(raw_amount as decimal(28, 4)) as raw_amount,
    cast(rounding_delta as decimal(28, 4)) as rounding_delta,
    cast(floor as decimal(28, 4)) as floor,
    cast(cap as decimal(28, 4)) as cap,
    is_locked,
    is_equal,
    place,
    cast(target as decimal(28, 4)) as target,
    cast(current_target as decimal(28, 4)) as current_target,
    cast(prior_outcome as decimal(28, 4)) as prior_outcome,
    cast(stretch as decimal(28, 4)) as stretch,
    cast(customers as bigint) as customers,
    cast(target_per_customer as decimal(28, 4)) as target_per_customer,
    cast(target_per_working_day as decimal(28, 4)) as target_per_working_day,
    cast(share_of_potential as decimal(28, 4)) as share_of_potential,
    reason_en as reason,
    reason_sv
from final
