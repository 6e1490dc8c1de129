-- A point that was only marked as there or not there has all of its points or none.
select
    audits.store_id,
    audits.audit_id,
    audits.audited_at,
    audits.audited_on,
    points.point_type,
    points.ref_id,
    points.product_category,
    points.planogram_id,
    coalesce(points.is_present, points.achieved > 0, false) as is_present,
    cast(coalesce(
        points.achieved,
        case when points.is_present then coalesce(points.possible, 1) else 0 end
    ) as decimal(18, 4)) as achieved,
    cast(coalesce(points.possible, 1) as decimal(18, 4)) as possible
from {{ ref('int_core__context') }} as context
inner join {{ ref('stg_canonical__store_audit_points') }} as points
    on {{ known_at('points', 'context.cut_off_utc') }} and not points.is_deleted
inner join {{ ref('int_core__store_audits') }} as audits on points.audit_id = audits.audit_id
where points.is_present is not null or points.achieved is not null
