-- A merged customer leads, in at most three steps, to one that was not merged. In a circle, or a
-- longer chain, its figures stand at the third step: nothing is lost or counted twice, but the
-- customer is shown under a name that the CRM has given up.
{{ config(severity="warn") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

merged_customers as (
    select
        customers.customer_id,
        customers.merged_into_id
    from {{ ref('stg_canonical__customers') }} as customers
    cross join context
    where
        {{ known_at('customers', 'context.cut_off_utc') }}
        and not customers.is_deleted
        and customers.merged_into_id is not null
        and customers.merged_into_id <> customers.customer_id
)

select
    first_step.customer_id,
    third_step.merged_into_id
from merged_customers as first_step
inner join merged_customers as second_step
    on first_step.merged_into_id = second_step.customer_id
inner join merged_customers as third_step
    on second_step.merged_into_id = third_step.customer_id
inner join merged_customers as fourth_step
    on third_step.merged_into_id = fourth_step.customer_id
