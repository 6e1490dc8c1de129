-- I2 (C17): the four invoicing channels are invoiced revenue cut in four, to the last decimal, for
-- every rep and month. Months that no change can reach any more are left alone.
with components as (
    select
        components.rep_id,
        components.credit_type,
        {{ trunc_date('month', 'components.booking_date') }} as booking_month,
        case when components.budget_type_id = 'invoiced_revenue' then 'total' else 'channels' end
            as side,
        components.amount
    from {{ ref('int_budget_types__components') }} as components
    inner join {{ ref('int_core__rebuild') }} as rebuild
        on components.booking_date >= rebuild.rebuild_from
    where
        components.budget_type_id in (
            'invoiced_revenue', 'renewal_invoicing', 'upsell_invoicing', 'win_back_invoicing',
            'new_business_invoicing'
        )
)

select
    rep_id,
    credit_type,
    booking_month,
    sum(case when side = 'total' then amount else 0 end) as invoiced_revenue,
    sum(case when side = 'channels' then amount else 0 end) as four_channels
from components
group by rep_id, credit_type, booking_month
having sum(case when side = 'total' then amount else -amount end) <> 0
