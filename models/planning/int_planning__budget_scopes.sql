with budgets as (
    select * from {{ ref('int_planning__budget_versions') }}
),

dimensions as (
    select dimension
    from (
        values
        ('product_category'), ('channel'), ('area_id'), ('business_category'),
        ('purchase_method'), ('campaign_id'), ('team_id')
    ) as dimensions (dimension)
),

lists as (
    select
        budgets.budget_id,
        budgets.version,
        budgets.is_current,
        budgets.scope_json,
        dimensions.dimension,
        {{ json_list_length('budgets.scope_json', 'dimensions.dimension') }} as items
    from budgets
    cross join dimensions
    where budgets.scope_json is not null
),

named as (
    select
        lists.budget_id,
        lists.version,
        lists.is_current,
        lists.dimension,
        {{ json_list_item('lists.scope_json', 'lists.dimension', 'numbers.n') }} as allowed_value
    from lists
    inner join {{ ref('int_core__numbers') }} as numbers on lists.items > numbers.n
    where lists.items > 0
),

-- What belongs to a campaign is counted on the campaign, where the type's rows name theirs.
of_campaigns as (
    select
        budget_id,
        version,
        is_current,
        'campaign_id' as dimension,
        campaign_id as allowed_value
    from budgets
    where
        campaign_id is not null
        and position(' campaign_id ' in ' ' || coalesce(fills, '') || ' ') > 0
)

select
    budget_id,
    version,
    is_current,
    dimension,
    cast(allowed_value as varchar) as allowed_value
from named
union
select
    budget_id,
    version,
    is_current,
    dimension,
    cast(allowed_value as varchar) as allowed_value
from of_campaigns
