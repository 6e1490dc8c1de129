with context as (
    select * from {{ ref('int_core__context') }}
),

parameters as (
    select parameters.renewals_due_days
    from {{ ref('int_core__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

exits as (
    select * from {{ ref('int_core__contract_exits') }}
)

select
    exits.contract_id,
    exits.customer_id,
    customers.kam_rep_id,
    coalesce(customers.owner_rep_id, 'unassigned') as owner_rep_id,
    exits.signed_at,
    exits.start_date,
    exits.exit_on as end_date,
    exits.exit_reason,
    exits.last_day_of_notice,
    exits.annual_value,
    exits.renewed_by is not null as renewal_signed,
    exits.renewed_by as renewed_by_contract_id,
    exits.renewed_on as renewal_signed_at
from exits
cross join context
cross join parameters
left join {{ ref('dim_customers') }} as customers on exits.customer_id = customers.customer_id
where
    -- The last day in force lies in [S, S + the days ahead).
    {{ add_days('exits.exit_on', -1) }} >= context.as_of
    and {{ add_days('exits.exit_on', -1) }}
    < {{ add_days('context.as_of', 'parameters.renewals_due_days') }}
    and coalesce(customers.is_internal, false) is false
