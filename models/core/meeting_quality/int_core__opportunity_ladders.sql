with context as (
    select * from {{ ref('int_core__context') }}
),

required_roles as (
    select ladder_roles.step_role
    from {{ ref('decision_ladder_roles') }} as ladder_roles
    inner join context
        on
            context.as_of >= ladder_roles.valid_from
            and context.as_of < ladder_roles.valid_to
),

requirement as (
    select count(*) as required_roles
    from required_roles
),

qualified as (
    select
        opportunities.opportunity_id,
        opportunities.owner_rep_id,
        opportunities.customer_id as delivered_customer_id,
        context.as_of,
        context.cut_off_utc
    from context
    inner join {{ ref('stg_canonical__opportunities') }} as opportunities
        on {{ known_at('opportunities', 'context.cut_off_utc') }}
    left join {{ ref('stg_canonical__opportunity_stages') }} as opportunity_stages
        on
            opportunities.stage = opportunity_stages.stage
            and {{ known_at('opportunity_stages', 'context.cut_off_utc') }}
            and not opportunity_stages.is_deleted
    where
        not opportunities.is_deleted
        and opportunities.merged_into_id is null
        and coalesce(opportunities.outcome, 'open') = 'open'
        and coalesce(opportunity_stages.is_qualified, opportunities.is_qualified, false)
),

with_customers as (
    select
        qualified.*,
        {{ surviving_customer('qualified.delivered_customer_id') }} as customer_id
    from qualified
    {{ join_surviving_customer('qualified.delivered_customer_id', 'qualified.cut_off_utc') }}
),

opportunities as (
    select
        with_customers.*,
        customers.area_id,
        customers.business_category,
        customers.purchase_method
    from with_customers
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            with_customers.customer_id = customers.customer_id
            and {{ known_at('customers', 'with_customers.cut_off_utc') }}
    where coalesce(customers.is_internal, false) is false
),

-- Where a contact works today, after merges.
employments as (
    select
        contacts.contact_id,
        {{ surviving_customer('contacts.customer_id') }} as customer_id
    from context
    inner join {{ ref('stg_canonical__contacts') }} as contacts
        on
            {{ known_at('contacts', 'context.cut_off_utc') }}
            and not contacts.is_deleted
            and context.as_of >= contacts.valid_from
            and (contacts.valid_to is null or context.as_of < contacts.valid_to)
    {{ join_surviving_customer('contacts.customer_id', 'context.cut_off_utc') }}
),

mapped as (
    select
        opportunities.opportunity_id,
        count(distinct ladder.step_role) as mapped_roles
    from opportunities
    inner join {{ ref('stg_canonical__decision_ladder') }} as ladder
        on
            opportunities.opportunity_id = ladder.opportunity_id
            and {{ known_at('ladder', 'opportunities.cut_off_utc') }}
            and not ladder.is_deleted
            and coalesce(ladder.mapped_at < opportunities.cut_off_utc, true)
    inner join required_roles on ladder.step_role = required_roles.step_role
    inner join employments
        on
            ladder.contact_id = employments.contact_id
            and opportunities.customer_id = employments.customer_id
    group by opportunities.opportunity_id
)

select
    opportunities.opportunity_id,
    coalesce(opportunities.owner_rep_id, 'unassigned') as rep_id,
    opportunities.customer_id,
    opportunities.area_id,
    opportunities.business_category,
    opportunities.purchase_method,
    cast(requirement.required_roles as integer) as required_roles,
    cast(coalesce(mapped.mapped_roles, 0) as integer) as mapped_roles
from opportunities
cross join requirement
left join mapped on opportunities.opportunity_id = mapped.opportunity_id
