-- I9: a customer who is bound for a year or longer has committed to at least what the first
-- contract year counts as signed volume.
with context as (
    select * from {{ ref('int_core__context') }}
),

contracts as (
    select
        contract_id,
        sum(case when entry = 'commitment' then amount else 0 end) as total_contract_value,
        sum(case when entry = 'recognition' then amount else 0 end) as signed_volume
    from {{ ref('fct_contract_year_credits') }}
    where
        contract_year = 0
        and credit_type = 'revenue'
        and entry in ('commitment', 'recognition')
    group by contract_id
)

select
    contracts.contract_id,
    versions.committed_months,
    contracts.total_contract_value,
    contracts.signed_volume
from contracts
cross join context
inner join {{ ref('int_core__contract_versions') }} as versions
    on
        contracts.contract_id = versions.contract_id
        and {{ known_at('versions', 'context.cut_off_utc') }}
where
    versions.committed_months >= 12
    and contracts.signed_volume > 0
    and contracts.total_contract_value < contracts.signed_volume
