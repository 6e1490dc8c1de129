{{ config(materialized="incremental", pre_hook="{{ forget_open_divisions() }}") }}

with pools as (
    select
        pool_id,
        division_id,
        {{ in_parts('free_amount', 4) }} as free_amount,
        {{ in_parts('unit', 4) }} as unit,
        is_equal as has_equals,
        has_no_weight or is_equal as is_equal
    from {{ ref('int_planning__pool_checks') }}
    where rule_id is null and {{ is_open_plan('division_id') }}
),

weights as (
    select * from {{ ref('int_planning__weights') }}
),

-- Money in parts of 0.0001 and weights in parts of 10^-10, so that everything is a whole number.
-- Who is locked has no share. Where all with a weight are at their caps, the others are equals.
members as (
    select
        weights.pool_id,
        weights.rep_id,
        pools.free_amount,
        pools.unit,
        case
            when not pools.has_equals then {{ in_parts('weights.weight', 10) }}
            when weights.weight > 0 then 0
            else 1
        end as weight,
        case
            when pools.has_equals and weights.weight > 0 then {{ in_parts('weights.cap', 4) }}
            else {{ in_parts('coalesce(weights.floor, 0)', 4) }}
        end as floor,
        {{ in_parts('weights.cap', 4) }} as cap
    from pools
    inner join weights on pools.pool_id = weights.pool_id
    where weights.locked_target is null
),

-- As the level rises from zero, a share leaves its floor at floor / weight and stops at
-- cap / weight. In between it is level * weight. Twenty digits tell the levels apart.
bends as (
    select
        pool_id,
        rep_id,
        'floor' as kind,
        floor as bend_amount,
        weight,
        weight as gained_weight,
        -floor as gained_amount,
        {{ floor_div('floor * cast(100000000000000000000 as decimal(38, 0))', 'weight') }}
            as bend_level
    from members
    where weight > 0

    union all

    select
        pool_id,
        rep_id,
        'cap' as kind,
        cap as bend_amount,
        weight,
        -weight as gained_weight,
        cap as gained_amount,
        {{ floor_div('cap * cast(100000000000000000000 as decimal(38, 0))', 'weight') }}
            as bend_level
    from members
    where weight > 0 and cap is not null
),

floors as (
    select
        pool_id,
        max(free_amount) as free_amount,
        sum(floor) as floor
    from members
    group by pool_id
),

passed as (
    select
        bends.*,
        floors.free_amount - floors.floor as above_floors,
        row_number() over bends_of_pool as bend_no,
        sum(bends.gained_weight) over bends_of_pool as rising_weight,
        sum(bends.gained_amount) over bends_of_pool as fixed_amount
    from bends
    inner join floors on bends.pool_id = floors.pool_id
    window bends_of_pool as (
        partition by bends.pool_id
        order by bends.bend_level asc, bends.kind desc, bends.rep_id asc
        rows between unbounded preceding and current row
    )
),

-- The last bend up to which the shares do not exceed what there is. Beyond it the sum rises in a
-- straight line, and the level is (what is left for the rising ones) / (their weight).
reached as (
    select
        pool_id,
        max(bend_no) as bend_no
    from passed
    where bend_amount * rising_weight <= weight * (above_floors - fixed_amount)
    group by pool_id
),

levels as (
    select
        passed.pool_id,
        passed.bend_no,
        passed.rising_weight,
        passed.above_floors - passed.fixed_amount as rising_amount
    from passed
    inner join reached
        on passed.pool_id = reached.pool_id and passed.bend_no = reached.bend_no
),

bend_numbers as (
    select
        pool_id,
        rep_id,
        max(case when kind = 'floor' then bend_no end) as floor_bend_no,
        max(case when kind = 'cap' then bend_no end) as cap_bend_no
    from passed
    group by pool_id, rep_id
),

placed as (
    select
        members.*,
        coalesce(levels.rising_amount, 0) as rising_amount,
        case when levels.rising_weight > 0 then levels.rising_weight else 1 end as rising_weight,
        case
            when bend_numbers.cap_bend_no <= levels.bend_no then 'cap'
            when bend_numbers.floor_bend_no <= levels.bend_no then 'rising'
            else 'floor'
        end as place
    from members
    left join levels on members.pool_id = levels.pool_id
    left join bend_numbers
        on members.pool_id = bend_numbers.pool_id and members.rep_id = bend_numbers.rep_id
),

raw_shares as (
    select
        *,
        case place
            when 'rising' then weight * rising_amount
            when 'cap' then cap * rising_weight
            else floor * rising_weight
        end as numerator,
        rising_weight as denominator
    from placed
),

whole_units as (
    select
        *,
        greatest({{ floor_div('numerator', 'denominator * unit') }} * unit, floor) as units
    from raw_shares
),

remainders as (
    select
        *,
        cap is null or units + unit <= cap as has_room,
        numerator - units * denominator as left_part,
        free_amount - sum(units) over (partition by pool_id) as missing
    from whole_units
),

-- The missing units go to the largest remainders, then the larger weight, then the smaller id; one
-- that would break a cap goes to the next.
ordered as (
    select
        *,
        row_number() over (
            partition by pool_id order by left_part desc, weight desc, rep_id asc
        ) as share_no,
        {{ floor_div('missing', 'unit') }} as missing_units,
        sum(case when has_room then 1 else 0 end) over (
            partition by pool_id
            order by left_part desc, weight desc, rep_id asc
            rows between unbounded preceding and current row
        ) as room_no
    from remainders
),

rounded as (
    select
        *,
        units + case when has_room and room_no <= missing_units then unit else 0 end as amount,
        has_room and room_no <= missing_units as has_unit
    from ordered
),

-- Locks, floors and caps that are no multiples of the unit leave less than one. It goes to the
-- first in order that has room for it, before those that were given a unit.
left_over as (
    select
        *,
        free_amount - sum(amount) over (partition by pool_id) as rest,
        cap - amount as room
    from rounded
),

fillable as (
    select
        *,
        case when rest < unit and coalesce(room, rest) >= rest then 0 else 1 end as is_too_small,
        least(coalesce(room, rest), rest) as fill
    from left_over
),

filled as (
    select
        *,
        coalesce(
            sum(fill) over (
                partition by pool_id
                order by is_too_small, has_unit, share_no
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as filled_before
    from fillable
),

divided as (
    select
        pool_id,
        rep_id,
        place,
        numerator,
        denominator,
        amount + greatest(least(fill, rest - filled_before), 0) as amount
    from filled
),

final as (
    select
        pools.division_id,
        divided.pool_id,
        divided.rep_id,
        weights.weight,
        weights.floor,
        weights.cap,
        false as is_locked,
        pools.is_equal,
        divided.place,
        {{ floor_div('divided.numerator * 2 + divided.denominator', 'divided.denominator * 2') }}
        * cast(0.0001 as decimal(5, 4)) as raw_amount,
        divided.amount * cast(0.0001 as decimal(5, 4)) as target
    from divided
    inner join weights
        on divided.pool_id = weights.pool_id and divided.rep_id = weights.rep_id
    inner join pools on divided.pool_id = pools.pool_id

    union all

    select
        pools.division_id,
        weights.pool_id,
        weights.rep_id,
        weights.weight,
        weights.floor,
        weights.cap,
        true as is_locked,
        pools.is_equal,
        'locked' as place,
        weights.locked_target as raw_amount,
        weights.locked_target as target
    from weights
    inner join pools on weights.pool_id = pools.pool_id
    where weights.locked_target is not null
)

select
    division_id,
    pool_id,
    rep_id,
    cast(weight as decimal(28, 10)) as weight,
    cast(floor as decimal(28, 4)) as floor,
    cast(cap as decimal(28, 4)) as cap,
    is_locked,
    is_equal,
    place,
    cast(raw_amount as decimal(28, 4)) as raw_amount,
    cast(target - raw_amount as decimal(28, 4)) as rounding_delta,
    cast(target as decimal(28, 4)) as target
from final
