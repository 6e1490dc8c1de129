with context as (
    select * from {{ ref('int_core__context') }}
),

counts as (
    select
        audits.store_id,
        facings.product_category,
        audits.audit_id,
        audits.audited_on,
        facings.own_facings,
        facings.own_facings
        + coalesce(facings.competitor_facings, 0)
        + coalesce(facings.empty_facings, 0) as all_facings,
        row_number() over (
            partition by audits.store_id, facings.product_category
            order by audits.audited_at desc, audits.audit_id desc
        ) as newest
    from context
    inner join {{ ref('stg_canonical__store_audit_facings') }} as facings
        on {{ known_at('facings', 'context.cut_off_utc') }} and not facings.is_deleted
    inner join {{ ref('int_core__store_audits') }} as audits on facings.audit_id = audits.audit_id
    where facings.own_facings is not null
)

select
    counts.store_id,
    counts.product_category,
    stores.customer_id,
    stores.owner_rep_id,
    stores.area_id,
    stores.business_category,
    stores.purchase_method,
    counts.audit_id,
    counts.audited_on,
    counts.own_facings,
    counts.all_facings
from counts
inner join {{ ref('int_core__open_stores') }} as stores on counts.store_id = stores.store_id
where counts.newest = 1
