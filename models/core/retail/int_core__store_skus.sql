with context as (
    select
        as_of,
        cut_off_utc,
        {{ add_days('as_of', -1) }} as last_day
    from {{ ref('int_core__context') }}
),

stores as (
    select * from {{ ref('int_core__open_stores') }}
),

-- What a target may name of a store; a duplicate's own number still means the store.
scopes as (
    select
        store_id,
        'chain' as scope,
        chain as scope_id
    from stores

    union all

    select
        store_id,
        'format' as scope,
        format as scope_id
    from stores

    union all

    select
        store_id,
        'class' as scope,
        priority_class as scope_id
    from stores

    union all

    select
        stores.store_id,
        'store' as scope,
        store_days.store_id as scope_id
    from stores
    inner join {{ ref('int_core__store_days') }} as store_days
        on stores.store_id = store_days.counted_store_id
    inner join context on store_days.evaluated_on = context.as_of
),

points as (
    select distinct
        scopes.store_id,
        targets.product_id
    from context
    inner join {{ ref('stg_canonical__assortment_targets') }} as targets
        on {{ known_at('targets', 'context.cut_off_utc') }} and not targets.is_deleted
    inner join scopes on targets.scope = scopes.scope and targets.scope_id = scopes.scope_id
    where
        context.as_of >= targets.valid_from
        and (targets.valid_to is null or context.as_of < targets.valid_to)
),

-- A line that does not say whether the product was there is no check of it.
checks as (
    select
        audits.store_id,
        lines.product_id,
        audits.audit_id,
        audits.audited_on,
        lines.is_listed,
        coalesce(lines.is_on_shelf, false) as is_on_shelf,
        row_number() over (
            partition by audits.store_id, lines.product_id
            order by audits.audited_at desc, audits.audit_id desc
        ) as newest
    from context
    inner join {{ ref('stg_canonical__store_audit_lines') }} as lines
        on {{ known_at('lines', 'context.cut_off_utc') }} and not lines.is_deleted
    inner join {{ ref('int_core__store_audits') }} as audits on lines.audit_id = audits.audit_id
    where lines.is_on_shelf is not null or lines.is_listed = false
),

turnovers as (
    select
        store_days.counted_store_id as store_id,
        turnovers.product_category,
        turnovers.turnover,
        turnovers.currency,
        row_number() over (
            partition by store_days.counted_store_id, turnovers.product_category
            order by
                turnovers.valid_from desc,
                case when store_days.store_id = store_days.counted_store_id then 0 else 1 end asc,
                store_days.store_id asc
        ) as newest
    from context
    inner join {{ ref('stg_canonical__store_category_turnover') }} as turnovers
        on
            {{ known_at('turnovers', 'context.cut_off_utc') }}
            and not turnovers.is_deleted
            and context.as_of >= turnovers.valid_from
    inner join {{ ref('int_core__store_days') }} as store_days
        on
            turnovers.store_id = store_days.store_id
            and context.as_of = store_days.evaluated_on
    where turnovers.turnover is not null
),

categorised as (
    select
        points.store_id,
        points.product_id,
        products.product_category
    from points
    cross join context
    left join {{ ref('stg_canonical__products') }} as products
        on
            points.product_id = products.product_id
            and {{ known_at('products', 'context.cut_off_utc') }}
            and not products.is_deleted
)

select
    categorised.store_id,
    categorised.product_id,
    categorised.product_category,
    stores.customer_id,
    stores.owner_rep_id,
    stores.area_id,
    stores.business_category,
    stores.purchase_method,
    checks.audit_id,
    checks.audited_on,
    checks.is_listed,
    coalesce(checks.is_on_shelf, false) as is_on_shelf,
    turnovers.turnover is not null as has_turnover,
    {{ money_mul('turnovers.turnover', 'rates.rate') }} as turnover
from categorised
cross join context
inner join stores on categorised.store_id = stores.store_id
left join checks
    on
        categorised.store_id = checks.store_id
        and categorised.product_id = checks.product_id
        and checks.newest = 1
left join turnovers
    on
        categorised.store_id = turnovers.store_id
        and categorised.product_category = turnovers.product_category
        and turnovers.newest = 1
left join {{ ref('int_core__daily_rates') }} as rates
    on
        {{ trunc_date('month', 'context.last_day') }} = rates.booking_month
        and turnovers.currency = rates.currency
        and context.last_day = rates.date_day
