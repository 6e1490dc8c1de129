{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

-- Who is active at a border of a period, from what was known when the month before it closed.
with periods as (
    select * from {{ ref('int_core__periods') }}
    where period_type in ('month', 'quarter', 'year')
),

borders as (
    select period_start as evaluated_on from periods
    union
    select evaluated_to as evaluated_on from periods
),

moments as (
    select
        borders.evaluated_on,
        months.month_start as booking_month,
        months.knowledge_at
    from borders
    inner join {{ ref('int_core__booking_months') }} as months
        on {{ trunc_date('month', add_days('borders.evaluated_on', -1)) }} = months.month_start
    where {{ is_rebuilt('months.month_start') }}
),

active as (
    select
        moments.evaluated_on,
        moments.booking_month,
        moments.knowledge_at,
        spells.customer_id,
        customers.area_id,
        customers.business_category,
        customers.purchase_method
    from moments
    inner join {{ ref('int_core__customer_spells') }} as spells
        on
            moments.booking_month >= spells.version_from
            and moments.booking_month < spells.version_to
            and moments.evaluated_on > spells.active_from
            and moments.evaluated_on <= spells.active_until
            and not spells.is_internal
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            spells.customer_id = customers.customer_id
            and {{ known_at('customers', 'moments.knowledge_at') }}
)

select
    active.evaluated_on,
    active.booking_month,
    active.customer_id,
    coalesce(min(owners.rep_id), 'unassigned') as owner_rep_id,
    active.area_id,
    active.business_category,
    active.purchase_method
from active
left join {{ ref('int_core__customer_owners') }} as owners
    on
        active.customer_id = owners.customer_id
        and owners.role = 'owner'
        and active.evaluated_on >= owners.valid_from
        and active.evaluated_on < owners.valid_to
        and {{ known_at('owners', 'active.knowledge_at') }}
group by
    active.evaluated_on,
    active.booking_month,
    active.customer_id,
    active.area_id,
    active.business_category,
    active.purchase_method
