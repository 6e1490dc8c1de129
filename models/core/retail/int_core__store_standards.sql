with context as (
    select * from {{ ref('int_core__context') }}
),

points as (
    select
        *,
        dense_rank() over (
            partition by store_id order by audited_at desc, audit_id desc
        ) as newest
    from {{ ref('int_core__store_audit_points') }}
),

-- The standard is what it was on the day of the audit, also where it has been changed since.
audited_stores as (
    select distinct
        store_id,
        audited_on
    from points
    where newest = 1
),

standards as (
    select
        audited_stores.store_id,
        standards.standard_id,
        standards.format,
        standards.point_type,
        standards.ref_id,
        standards.weight,
        row_number() over (
            partition by audited_stores.store_id, standards.standard_id
            order by standards.valid_from desc
        ) as newest
    from context
    inner join {{ ref('stg_canonical__store_standards') }} as standards
        on {{ known_at('standards', 'context.cut_off_utc') }} and not standards.is_deleted
    inner join audited_stores
        on
            audited_stores.audited_on >= standards.valid_from
            and (standards.valid_to is null or audited_stores.audited_on < standards.valid_to)
    where standards.weight is not null
),

judged as (
    select
        stores.store_id,
        standards.standard_id,
        stores.customer_id,
        stores.owner_rep_id,
        stores.area_id,
        stores.business_category,
        stores.purchase_method,
        points.audit_id,
        points.audited_on,
        points.point_type,
        points.ref_id,
        points.achieved,
        points.possible,
        standards.weight
    from standards
    inner join points
        on
            standards.store_id = points.store_id
            and standards.point_type = points.point_type
            and standards.ref_id = points.ref_id
            and points.newest = 1
    inner join {{ ref('int_core__open_stores') }} as stores
        on
            standards.store_id = stores.store_id
            and (standards.format is null or standards.format = stores.format)
    where standards.newest = 1 and points.possible > 0
)

select
    store_id,
    standard_id,
    customer_id,
    owner_rep_id,
    area_id,
    business_category,
    purchase_method,
    audit_id,
    audited_on,
    point_type,
    ref_id,
    achieved,
    possible,
    {{ money_mul('achieved', 'weight') }} as weighted_achieved,
    {{ money_mul('possible', 'weight') }} as weighted_possible
from judged
