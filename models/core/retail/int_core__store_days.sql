{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

moments as (
    select
        evaluated_on,
        booking_month,
        knowledge_at
    from {{ ref('int_core__store_periods') }}

    union

    select
        context.as_of as evaluated_on,
        months.month_start as booking_month,
        months.knowledge_at
    from context
    inner join {{ ref('int_core__booking_months') }} as months
        on {{ trunc_date('month', add_days('context.as_of', -1)) }} = months.month_start
),

days as (
    select * from moments
    where {{ is_rebuilt('booking_month') }}
),

delivered as (
    select
        days.evaluated_on,
        days.booking_month,
        days.knowledge_at,
        stores.store_id,
        stores.customer_id as delivered_customer_id,
        stores.chain,
        stores.format,
        stores.priority_class,
        stores.area_id,
        stores.visit_frequency_per_cycle,
        coalesce(stores.opened, days.evaluated_on) <= days.evaluated_on
        and (stores.closed is null or stores.closed > days.evaluated_on) as is_open,
        {{ surviving_customer('stores.customer_id') }} as customer_id
    from days
    inner join {{ ref('stg_canonical__stores') }} as stores
        on {{ known_at('stores', 'days.knowledge_at') }} and not stores.is_deleted
    {{ join_surviving_customer('stores.customer_id', 'days.knowledge_at') }}
),

-- A store is a customer. One whose customer was merged is the same store twice, and counts as the
-- one that the surviving customer is.
resolved as (
    select
        *,
        case
            when delivered_customer_id = customer_id then store_id
            else first_value(store_id) over (
                partition by evaluated_on, customer_id
                order by
                    case when delivered_customer_id = customer_id then 0 else 1 end,
                    store_id
                rows between unbounded preceding and unbounded following
            )
        end as counted_store_id
    from delivered
),

owned as (
    select
        resolved.evaluated_on,
        resolved.store_id,
        min(owners.rep_id) as rep_id
    from resolved
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            resolved.customer_id = owners.customer_id
            and owners.role = 'owner'
            and resolved.evaluated_on >= owners.valid_from
            and resolved.evaluated_on < owners.valid_to
            and {{ known_at('owners', 'resolved.knowledge_at') }}
    group by resolved.evaluated_on, resolved.store_id
)

select
    resolved.evaluated_on,
    resolved.booking_month,
    resolved.store_id,
    resolved.counted_store_id,
    resolved.store_id = resolved.counted_store_id
    and resolved.is_open
    and not coalesce(customers.is_internal, false) as is_counted,
    resolved.customer_id,
    coalesce(owned.rep_id, 'unassigned') as owner_rep_id,
    resolved.chain,
    resolved.format,
    resolved.priority_class,
    coalesce(resolved.visit_frequency_per_cycle, customers.visit_frequency_per_cycle)
        as visit_frequency_per_cycle,
    coalesce(resolved.area_id, customers.area_id) as area_id,
    customers.business_category,
    customers.purchase_method
from resolved
left join {{ ref('stg_canonical__customers') }} as customers
    on
        resolved.customer_id = customers.customer_id
        and {{ known_at('customers', 'resolved.knowledge_at') }}
left join owned
    on
        resolved.evaluated_on = owned.evaluated_on
        and resolved.store_id = owned.store_id
