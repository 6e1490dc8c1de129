with context as (
    select * from {{ ref('int_core__context') }}
),

-- Signed deals that still stand, as they are counted.
deals as (
    select
        contract_id,
        primary_rep_id as rep_id,
        event_date as signed_on,
        max(case when deal_count > 0 then booking_month end) as booking_month
    from {{ ref('fct_contract_year_credits') }}
    where deal_count <> 0
    group by contract_id, primary_rep_id, event_date
    having sum(deal_count) > 0
),

line_volumes as (
    select
        contract_id,
        contract_line_id,
        channel,
        sum(amount) as volume
    from {{ ref('fct_contract_year_credits') }}
    where entry = 'recognition' and contract_year = 0 and credit_type = 'revenue'
    group by contract_id, contract_line_id, channel
),

-- A deal of several channels belongs to the one with its largest line.
deal_channels as (
    select
        contract_id,
        channel,
        row_number() over (
            partition by contract_id
            order by volume desc nulls last, contract_line_id asc
        ) as line_no
    from line_volumes
),

opportunities as (
    select opportunities.*
    from {{ ref('stg_canonical__opportunities') }} as opportunities
    inner join context
        on
            {{ known_at('opportunities', 'context.cut_off_utc') }}
            and not opportunities.is_deleted
),

-- A duplicate opportunity began when the one it was merged into did.
opened as (
    select
        versions.contract_id,
        {{ local_date('coalesce(survivors.created_at, opportunities.created_at)') }} as opened_on
    from context
    inner join {{ ref('int_core__contract_versions') }} as versions
        on {{ known_at('versions', 'context.cut_off_utc') }}
    inner join opportunities on versions.opportunity_id = opportunities.opportunity_id
    left join opportunities as survivors
        on opportunities.merged_into_id = survivors.opportunity_id
)

select
    deals.contract_id,
    deals.rep_id,
    coalesce(rep_nodes.team_id, 'unassigned') as team_id,
    coalesce(rep_nodes.region_id, 'unassigned') as region_id,
    deal_channels.channel,
    opened.opened_on,
    deals.signed_on,
    -- What was entered after the signature tells nothing about the way there.
    case
        when opened.opened_on <= deals.signed_on
            then {{ days_between('opened.opened_on', 'deals.signed_on') }}
    end as lead_days
from deals
inner join deal_channels
    on deals.contract_id = deal_channels.contract_id and deal_channels.line_no = 1
left join opened on deals.contract_id = opened.contract_id
left join {{ ref('int_core__rep_nodes') }} as rep_nodes
    on
        deals.rep_id = rep_nodes.rep_id
        and deals.booking_month = rep_nodes.booking_month
        and deals.signed_on >= rep_nodes.valid_from
        and deals.signed_on < rep_nodes.valid_to
