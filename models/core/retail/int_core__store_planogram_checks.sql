with context as (
    select * from {{ ref('int_core__context') }}
),

-- A point counts against the planogram that held on the day of the check.
checks as (
    select
        points.store_id,
        coalesce(points.product_category, planograms.product_category) as product_category,
        points.audit_id,
        points.audited_at,
        points.audited_on,
        cast(sum(points.achieved) as decimal(28, 4)) as achieved,
        cast(sum(points.possible) as decimal(28, 4)) as possible
    from context
    inner join {{ ref('int_core__store_audit_points') }} as points
        on points.point_type = 'planogram'
    inner join {{ ref('stg_canonical__planograms') }} as planograms
        on
            points.planogram_id = planograms.planogram_id
            and {{ known_at('planograms', 'context.cut_off_utc') }}
            and not planograms.is_deleted
            and (planograms.valid_from is null or points.audited_on >= planograms.valid_from)
            and (planograms.valid_to is null or points.audited_on < planograms.valid_to)
    group by 1, 2, 3, 4, 5
),

ranked as (
    select
        *,
        row_number() over (
            partition by store_id, product_category
            order by audited_at desc, audit_id desc
        ) as newest
    from checks
)

select
    ranked.store_id,
    ranked.product_category,
    stores.customer_id,
    stores.owner_rep_id,
    stores.area_id,
    stores.business_category,
    stores.purchase_method,
    ranked.audit_id,
    ranked.audited_on,
    ranked.achieved,
    ranked.possible,
    ranked.achieved >= ranked.possible as is_compliant
from ranked
inner join {{ ref('int_core__open_stores') }} as stores on ranked.store_id = stores.store_id
where ranked.newest = 1
