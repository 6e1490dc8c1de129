{{ config(materialized="incremental", pre_hook="{{ forget_changed_customers() }}") }}

with invoiced as (
    select distinct
        customer_id,
        version_from,
        version_to,
        product_category,
        bought_on
    from {{ ref('int_core__category_purchases') }}
    where contract_id is null and {{ is_changed_customer('customer_id') }}
),

known_before as (
    select distinct
        customer_id,
        version_from
    from {{ ref('int_core__customer_spells') }}
    where is_from_before and {{ is_changed_customer('customer_id') }}
),

parameters as (
    select
        *,
        {{ add_days("cast(concat(history_begins_year, '-01-01') as date)", -1) }} as eve_on
    from {{ ref('int_core__parameters') }}
),

-- What a customer bought before the extracts begin is unknown: any category may have been among it.
days as (
    select
        invoiced.*,
        parameters.category_gap_days,
        coalesce(
            lag(invoiced.bought_on) over (
                partition by
                    invoiced.customer_id, invoiced.version_from, invoiced.product_category
                order by invoiced.bought_on
            ),
            case when known_before.customer_id is not null then parameters.eve_on end
        ) as bought_before_on,
        parameters.eve_on
    from invoiced
    inner join parameters
        on
            invoiced.bought_on >= parameters.valid_from
            and invoiced.bought_on < parameters.valid_to
    left join known_before
        on
            invoiced.customer_id = known_before.customer_id
            and invoiced.version_from = known_before.version_from
),

begun as (
    select
        customer_id,
        version_from,
        version_to,
        product_category,
        bought_on as began_on
    from days
    where
        bought_before_on is null
        or {{ days_between('bought_before_on', 'bought_on') }} >= category_gap_days
)

select
    customer_id,
    version_from,
    version_to,
    product_category,
    began_on
from begun
