with context as (
    select * from {{ ref('int_core__context') }}
),

contract_years as (
    select
        contract_id,
        contract_year,
        max(customer_id) as customer_id,
        max(year_start) as year_start,
        max(year_end) as year_end,
        sum(case when entry in ('recognition', 'supersession') then amount else 0 end)
            as signed_volume,
        sum(case when entry in ('cancellation', 'cancellation_withdrawn') then amount else 0 end)
            as cancelled
    from {{ ref('fct_contract_year_credits') }}
    where credit_type = 'revenue'
    group by contract_id, contract_year
),

contract_lines as (
    select
        contract_line_id,
        contract_id
    from {{ ref('fct_contract_year_credits') }}
    group by contract_line_id, contract_id
),

invoiced as (
    select
        contract_lines.contract_id,
        lines.served_on,
        sum(lines.net_amount) as invoiced
    from {{ ref('fct_invoice_line_credits') }} as lines
    inner join contract_lines on lines.contract_line_id = contract_lines.contract_line_id
    where lines.credit_type = 'revenue'
    group by contract_lines.contract_id, lines.served_on
),

-- What is invoiced ahead of the first year belongs to it; what follows the last one to the last.
bounds as (
    select
        contract_years.*,
        case
            when
                contract_years.contract_year
                = min(contract_years.contract_year) over (partition by contract_years.contract_id)
                then cast('1900-01-01' as date)
            else contract_years.year_start
        end as invoiced_from,
        coalesce(
            lead(contract_years.year_start) over (
                partition by contract_years.contract_id
                order by contract_years.contract_year
            ),
            cast('9999-12-31' as date)
        ) as invoiced_to
    from contract_years
),

invoiced_years as (
    select
        bounds.contract_id,
        bounds.contract_year,
        sum(invoiced.invoiced) as invoiced
    from bounds
    inner join invoiced
        on
            bounds.contract_id = invoiced.contract_id
            and bounds.invoiced_from <= invoiced.served_on
            and bounds.invoiced_to > invoiced.served_on
    group by bounds.contract_id, bounds.contract_year
),

measured as (
    select
        contract_years.contract_id,
        contract_years.contract_year,
        contract_years.customer_id,
        contract_years.year_start,
        contract_years.year_end,
        contract_years.signed_volume,
        contract_years.cancelled,
        coalesce(invoiced_years.invoiced, 0) as invoiced
    from contract_years
    left join invoiced_years
        on
            contract_years.contract_id = invoiced_years.contract_id
            and contract_years.contract_year = invoiced_years.contract_year
)

select
    measured.contract_id,
    measured.contract_year,
    measured.customer_id,
    measured.year_start,
    measured.year_end,
    cast(measured.signed_volume as decimal(18, 4)) as signed_volume,
    cast(measured.cancelled as decimal(18, 4)) as cancelled,
    case when measured.cancelled <> 0 then versions.terminated_by end as terminated_by,
    cast(measured.invoiced as decimal(18, 4)) as invoiced,
    cast(measured.signed_volume - measured.cancelled - measured.invoiced as decimal(18, 4))
        as not_yet_invoiced,
    measured.year_end as expected_invoicing_end,
    {{ ratio('measured.invoiced', 'measured.signed_volume - measured.cancelled') }}
        as realisation_rate,
    case
        when measured.signed_volume = measured.cancelled then 'cancelled'
        when context.as_of < measured.year_start then 'not_started'
        when context.as_of >= measured.year_end then 'finished'
        else 'running'
    end as status
from measured
cross join context
left join {{ ref('int_core__contract_versions') }} as versions
    on
        measured.contract_id = versions.contract_id
        and {{ known_at('versions', 'context.cut_off_utc') }}
