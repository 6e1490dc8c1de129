with allocation as (
    select * from {{ ref('int_planning__allocation') }}
)

select
    cast(budget_id as varchar) as budget_id,
    cast(rep_id as varchar) as rep_id,
    weight,
    raw_amount,
    rounding_delta,
    floor,
    cap,
    is_locked,
    target,
    current_target,
    prior_outcome,
    stretch,
    customers,
    target_per_customer,
    target_per_working_day,
    share_of_potential,
    cast(reason as varchar) as reason,
    cast(reason_sv as varchar) as reason_sv
from allocation
