with evaluations as (
    select
        budget_type_id,
        as_of,
        {{ add_days('as_of', '-window_days') }} as window_start
    from {{ ref('int_core__evaluations') }}
    where parameter_set_id = 'default' and period_type = 'snapshot'
),

skus as (
    select
        skus.store_id,
        'sku' as gap_type,
        skus.product_id as ref_id,
        case
            when skus.audited_on is null or skus.audited_on < evaluations.window_start
                then 'not_audited'
            when skus.is_listed = false then 'not_listed'
            else 'out_of_stock'
        end as status,
        skus.product_category,
        cast(null as varchar) as campaign_id,
        skus.audited_on as checked_on,
        cast(null as decimal(18, 4)) as points_achieved,
        cast(null as decimal(18, 4)) as points_possible
    from evaluations
    cross join {{ ref('int_core__store_skus') }} as skus
    where
        evaluations.budget_type_id = 'numeric_distribution'
        and not (
            skus.is_on_shelf
            and coalesce(skus.audited_on >= evaluations.window_start, false)
        )
),

material as (
    select
        pos.store_id,
        'pos' as gap_type,
        coalesce(pos.ref_id, 'unnamed') as ref_id,
        case when pos.audit_id is null then 'not_audited' else 'missing' end as status,
        cast(null as varchar) as product_category,
        cast(null as varchar) as campaign_id,
        pos.audited_on as checked_on,
        cast(null as decimal(18, 4)) as points_achieved,
        cast(null as decimal(18, 4)) as points_possible
    from {{ ref('int_core__store_pos') }} as pos
    where not pos.is_present
),

placements as (
    select
        campaign_stores.store_id,
        'second_placement' as gap_type,
        campaign_stores.campaign_id as ref_id,
        case
            when agendas.last_audited_on >= campaign_stores.period_start then 'missing'
            else 'not_audited'
        end as status,
        cast(null as varchar) as product_category,
        campaign_stores.campaign_id,
        case
            when agendas.last_audited_on >= campaign_stores.period_start
                then agendas.last_audited_on
        end as checked_on,
        cast(null as decimal(18, 4)) as points_achieved,
        cast(null as decimal(18, 4)) as points_possible
    from {{ ref('int_core__context') }} as context
    inner join {{ ref('int_core__campaign_stores') }} as campaign_stores
        on
            context.as_of = campaign_stores.evaluated_on
            and campaign_stores.period_end > context.as_of
    inner join {{ ref('int_core__store_agendas') }} as agendas
        on campaign_stores.store_id = agendas.store_id
    where campaign_stores.placements = 0
),

planograms as (
    select
        checks.store_id,
        'planogram' as gap_type,
        coalesce(checks.product_category, 'unnamed') as ref_id,
        'not_compliant' as status,
        checks.product_category,
        cast(null as varchar) as campaign_id,
        checks.audited_on as checked_on,
        checks.achieved as points_achieved,
        checks.possible as points_possible
    from evaluations
    inner join {{ ref('int_core__store_planogram_checks') }} as checks
        on evaluations.window_start <= checks.audited_on
    where
        evaluations.budget_type_id = 'planogram_compliance_rate'
        and not checks.is_compliant
),

gaps as (
    select * from skus
    union all
    select * from material
    union all
    select * from placements
    union all
    select * from planograms
)

select
    gaps.store_id,
    gaps.gap_type,
    gaps.ref_id,
    gaps.status,
    gaps.product_category,
    gaps.campaign_id,
    gaps.checked_on,
    cast(gaps.points_achieved as decimal(18, 4)) as points_achieved,
    cast(gaps.points_possible as decimal(18, 4)) as points_possible,
    agendas.customer_id,
    agendas.owner_rep_id,
    agendas.chain,
    agendas.format,
    agendas.priority_class,
    agendas.area_id,
    agendas.cycle_start,
    agendas.cycle_end,
    cast(agendas.visits_required as decimal(18, 4)) as visits_required,
    cast(agendas.visits_held as integer) as visits_held,
    agendas.next_planned_visit,
    agendas.last_audit_id,
    agendas.last_audited_on,
    {{ ratio('agendas.audited_points', 'agendas.points') }} as audited_share
from gaps
inner join {{ ref('int_core__store_agendas') }} as agendas on gaps.store_id = agendas.store_id
