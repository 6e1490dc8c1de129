{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with campaigns as (
    select * from {{ ref('int_core__store_periods') }}
    where period_type = 'campaign' and {{ is_rebuilt('booking_month') }}
),

targeted as (
    select distinct
        campaigns.campaign_id,
        store_days.counted_store_id as store_id
    from campaigns
    inner join {{ ref('stg_canonical__campaign_stores') }} as campaign_stores
        on
            campaigns.campaign_id = campaign_stores.campaign_id
            and {{ known_at('campaign_stores', 'campaigns.knowledge_at') }}
            and not campaign_stores.is_deleted
    inner join {{ ref('int_core__store_days') }} as store_days
        on
            campaigns.evaluated_on = store_days.evaluated_on
            and campaign_stores.store_id = store_days.store_id
),

audits as (
    select
        campaigns.campaign_id,
        campaigns.knowledge_at,
        store_days.counted_store_id as store_id,
        audits.audit_id
    from campaigns
    inner join {{ ref('stg_canonical__store_audits') }} as audits
        on
            {{ known_at('audits', 'campaigns.knowledge_at') }}
            and not audits.is_deleted
            and {{ local_date('audits.audited_at') }} >= campaigns.period_start
            and {{ local_date('audits.audited_at') }} < campaigns.evaluated_to
    inner join {{ ref('int_core__store_days') }} as store_days
        on
            campaigns.evaluated_on = store_days.evaluated_on
            and audits.store_id = store_days.store_id
),

-- A placement that two audits saw is one placement.
placed as (
    select
        audits.campaign_id,
        audits.store_id,
        count(distinct points.ref_id) as placements
    from audits
    inner join {{ ref('stg_canonical__store_audit_points') }} as points
        on
            audits.audit_id = points.audit_id
            and {{ known_at('points', 'audits.knowledge_at') }}
            and not points.is_deleted
            and points.point_type = 'second_placement'
            and points.is_own
            and coalesce(points.is_present, points.achieved > 0)
    group by audits.campaign_id, audits.store_id
)

select
    campaigns.booking_month,
    campaigns.campaign_id,
    targeted.store_id,
    campaigns.period_start,
    campaigns.period_end,
    campaigns.evaluated_to,
    campaigns.evaluated_on,
    stores.customer_id,
    stores.owner_rep_id,
    stores.area_id,
    stores.business_category,
    stores.purchase_method,
    cast(coalesce(placed.placements, 0) as integer) as placements
from campaigns
inner join targeted on campaigns.campaign_id = targeted.campaign_id
inner join {{ ref('int_core__store_days') }} as stores
    on
        campaigns.evaluated_on = stores.evaluated_on
        and targeted.store_id = stores.store_id
        and stores.is_counted
left join placed
    on
        targeted.campaign_id = placed.campaign_id
        and targeted.store_id = placed.store_id
