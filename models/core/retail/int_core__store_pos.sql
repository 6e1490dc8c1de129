with context as (
    select * from {{ ref('int_core__context') }}
),

-- The agreement holds in its own time and, where it was made for a campaign, while that runs.
agreed as (
    select distinct
        stores.store_id,
        agreements.ref_id
    from context
    inner join {{ ref('stg_canonical__store_agreements') }} as agreements
        on
            {{ known_at('agreements', 'context.cut_off_utc') }}
            and not agreements.is_deleted
            and agreements.agreement_type = 'pos'
    inner join {{ ref('int_core__store_days') }} as store_days
        on
            agreements.store_id = store_days.store_id
            and context.as_of = store_days.evaluated_on
    inner join {{ ref('int_core__open_stores') }} as stores
        on store_days.counted_store_id = stores.store_id
    left join {{ ref('stg_canonical__campaigns') }} as campaigns
        on
            agreements.campaign_id = campaigns.campaign_id
            and {{ known_at('campaigns', 'context.cut_off_utc') }}
    where
        (agreements.valid_from is null or context.as_of >= agreements.valid_from)
        and (agreements.valid_to is null or context.as_of < agreements.valid_to)
        and (campaigns.start_date is null or context.as_of >= campaigns.start_date)
        and (campaigns.end_date_excl is null or context.as_of < campaigns.end_date_excl)
        and not coalesce(campaigns.is_deleted, false)
),

material as (
    select
        points.*,
        dense_rank() over (
            partition by points.store_id
            order by points.audited_at desc, points.audit_id desc
        ) as newest
    from {{ ref('int_core__store_audit_points') }} as points
    where points.point_type = 'pos'
),

last_audits as (
    select distinct
        store_id,
        audit_id,
        audited_on
    from material
    where newest = 1
)

select
    agreed.store_id,
    agreed.ref_id,
    stores.customer_id,
    stores.owner_rep_id,
    stores.area_id,
    stores.business_category,
    stores.purchase_method,
    last_audits.audit_id,
    last_audits.audited_on,
    coalesce(material.is_present, false) as is_present
from agreed
inner join {{ ref('int_core__open_stores') }} as stores on agreed.store_id = stores.store_id
left join last_audits on agreed.store_id = last_audits.store_id
left join material
    on
        agreed.store_id = material.store_id
        and agreed.ref_id = material.ref_id
        and material.newest = 1
