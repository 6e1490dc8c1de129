with pools as (
    select * from {{ ref('int_planning__pools') }}
),

weights as (
    select * from {{ ref('int_planning__weights') }}
),

-- Whoever is locked has its target; all others share what that leaves.
totals as (
    select
        pool_id,
        count(*) as members,
        sum(locked_target) as locked_amount,
        count(*) - count(locked_target) as free_members,
        sum(case when locked_target is null then coalesce(floor, 0) else 0 end) as floors,
        sum(case when locked_target is null then cap else 0 end) as caps,
        sum(case when locked_target is null and cap is null then 1 else 0 end) as without_cap,
        sum(case when locked_target is null then weight else 0 end) as weight,
        -- What those with a weight can take at most, and the others have to take at least.
        sum(
            case
                when locked_target is not null then 0
                when weight > 0 then cap
                else coalesce(floor, 0)
            end
        ) as reach,
        sum(
            case when locked_target is null and weight > 0 and cap is null then 1 else 0 end
        ) as weighted_without_cap,
        sum(case when weight < 0 or cap < coalesce(floor, 0) then 1 else 0 end) as faulty
    from weights
    group by pool_id
),

measured as (
    select
        pools.pool_id,
        pools.basis_id,
        pools.amount,
        pools.unit,
        pools.amount - coalesce(totals.locked_amount, 0) as free_amount,
        coalesce(totals.members, 0) as members,
        coalesce(totals.free_members, 0) as free_members,
        coalesce(totals.floors, 0) as floors,
        coalesce(totals.caps, 0) as caps,
        coalesce(totals.without_cap, 0) as without_cap,
        coalesce(totals.weight, 0) as weight,
        coalesce(totals.reach, 0) as reach,
        coalesce(totals.weighted_without_cap, 0) as weighted_without_cap,
        coalesce(totals.faulty, 0) as faulty
    from pools
    left join totals on pools.pool_id = totals.pool_id
),

final as (
    select
        *,
        case
            when amount < 0 or unit <= 0 then 'negative_pool'
            when members = 0 then 'no_eligible_rep'
            when faulty > 0 then 'faulty_limits'
            when free_amount < 0 then 'locks_exceed_pool'
            when floors > free_amount then 'floors_exceed_pool'
            when without_cap = 0 and caps < free_amount then 'caps_below_pool'
        end as rule_id,
        weight = 0 and free_members > 0 as has_no_weight,
        -- Those with a weight cannot take it all: they are at their caps, and the others share the
        -- rest as equals.
        weighted_without_cap = 0 and reach < free_amount as is_equal
    from measured
),

checked as (
    select
        pool_id,
        basis_id,
        cast(amount as decimal(28, 4)) as amount,
        cast(unit as decimal(18, 4)) as unit,
        cast(free_amount as decimal(28, 4)) as free_amount,
        cast(members as bigint) as members,
        cast(weight as decimal(28, 10)) as weight,
        rule_id,
        has_no_weight,
        is_equal
    from final
)

select
    *,
    -- All that is divided among the members of a plan: the same id, the same shares.
    {{ hash_key([
        'basis_id', 'amount', 'unit', 'free_amount', 'members', 'weight', 'rule_id',
        'has_no_weight', 'is_equal',
    ]) }} as division_id
from checked
