{{ config(materialized="incremental", pre_hook="{{ forget_changed_customers() }}") }}

with purchases as (
    select * from {{ ref('int_core__category_purchases') }}
    where {{ is_changed_customer('customer_id') }}
),

first_purchases as (
    select
        customer_id,
        version_from,
        product_category,
        min(bought_on) as bought_on
    from purchases
    group by customer_id, version_from, product_category
),

first_contracts as (
    select
        purchases.customer_id,
        purchases.version_from,
        purchases.product_category,
        min(purchases.contract_id) as contract_id
    from purchases
    inner join first_purchases
        on
            purchases.customer_id = first_purchases.customer_id
            and purchases.version_from = first_purchases.version_from
            and purchases.product_category = first_purchases.product_category
            and purchases.bought_on = first_purchases.bought_on
    where purchases.contract_id is not null
    group by purchases.customer_id, purchases.version_from, purchases.product_category
)

select
    first_purchases.customer_id,
    first_purchases.version_from,
    spells.version_to,
    first_purchases.product_category,
    first_purchases.bought_on,
    first_contracts.contract_id
from first_purchases
inner join {{ ref('int_core__customer_spells') }} as spells
    on
        first_purchases.customer_id = spells.customer_id
        and first_purchases.version_from = spells.version_from
        and first_purchases.bought_on > spells.active_from
        and first_purchases.bought_on <= spells.active_until
        -- What a customer bought before the extracts begin is unknown.
        and not spells.is_from_before
        and not spells.is_internal
left join first_contracts
    on
        first_purchases.customer_id = first_contracts.customer_id
        and first_purchases.version_from = first_contracts.version_from
        and first_purchases.product_category = first_contracts.product_category
