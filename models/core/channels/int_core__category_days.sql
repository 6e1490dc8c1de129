{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with invoiced as (
    select
        booking_month,
        customer_id,
        product_category,
        case
            when invoice_date >= booking_month then invoice_date
            else {{ add_days('booking_month', -1) }}
        end as visible_from,
        min(invoice_date) as first_invoiced_on,
        max(invoice_date) as last_invoiced_on
    from {{ ref('int_core__invoice_line_states') }}
    where
        doc_type = 'invoice'
        and product_category is not null
        and {{ is_rebuilt('booking_month') }}
    group by 1, 2, 3, 4
),

with_carried as (
    select
        booking_month,
        customer_id,
        product_category,
        visible_from,
        first_invoiced_on,
        last_invoiced_on,
        false as is_carried
    from invoiced
    {% if is_incremental() %}
    union all

    -- Spells begin later and later and end later and later: the largest is the last one.
    select
        max(booking_month) as booking_month,
        customer_id,
        product_category,
        max(visible_from) as visible_from,
        max(spell_began_on) as first_invoiced_on,
        max(last_invoiced_on) as last_invoiced_on,
        true as is_carried
    from {{ this }}
    group by customer_id, product_category
    {% endif %}
),

ordered as (
    select
        *,
        max(last_invoiced_on) over (
            partition by customer_id, product_category
            order by booking_month, visible_from
            rows between unbounded preceding and 1 preceding
        ) as last_invoiced_before
    from with_carried
),

parameters as (
    select * from {{ ref('int_core__parameters') }}
),

flagged as (
    select
        ordered.*,
        case
            when
                ordered.is_carried
                or ordered.last_invoiced_before is null
                or {{ days_between('ordered.last_invoiced_before', 'ordered.first_invoiced_on') }}
                >= parameters.category_gap_days
                then ordered.first_invoiced_on
        end as spell_start
    from ordered
    inner join parameters
        on
            ordered.booking_month >= parameters.valid_from
            and ordered.booking_month < parameters.valid_to
),

final as (
    select
        booking_month,
        customer_id,
        product_category,
        visible_from,
        max(spell_start) over by_category as spell_began_on,
        max(last_invoiced_on) over by_category as last_invoiced_on,
        is_carried
    from flagged
    window by_category as (
        partition by customer_id, product_category
        order by booking_month, visible_from
        rows between unbounded preceding and current row
    )
)

select
    booking_month,
    customer_id,
    product_category,
    visible_from,
    spell_began_on,
    last_invoiced_on
from final
where not is_carried
