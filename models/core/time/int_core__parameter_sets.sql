{{ config(materialized="view") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

own_sets as (
    select distinct
        budget_type_id,
        parameter_set_id,
        parameter,
        value
    from {{ ref('int_core__kpi_parameters') }}
    where is_own_set
)

select
    budget_type_id,
    parameter_set_id,
    parameter,
    value,
    valid_from,
    valid_to
from {{ ref('budget_type_parameters') }}

union all

-- A set of a KPI is evaluated at S and on no other day.
select
    own_sets.budget_type_id,
    own_sets.parameter_set_id,
    own_sets.parameter,
    own_sets.value,
    context.as_of as valid_from,
    {{ add_days('context.as_of', 1) }} as valid_to
from own_sets
cross join context
