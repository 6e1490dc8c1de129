select
    contract_id,
    customer_id,
    owner_rep_id,
    opportunity_id,
    signed_at,
    start_date,
    currency,
    renews_contract_id,
    purchase_method,
    area_id,
    declared_channel,
    termination_notice_date,
    termination_effective_date,
    terminated_by,
    notice_months,
    case
        when termination_withdrawn_at is not null
            then {{ local_date('termination_withdrawn_at') }}
    end as withdrawn_on,
    coalesce(term_months, {{ months_between('start_date', 'end_date') }}, 12) as term_months,
    term_months is null and end_date is null as is_evergreen,
    case when coalesce(has_termination_clause, true) then first_free_exit_date end as free_exit_on,
    -- The customer is bound to the first free exit, or for the term; a started month counts.
    case
        when first_free_exit_date is null or not coalesce(has_termination_clause, true)
            then coalesce(term_months, {{ months_between('start_date', 'end_date') }}, 12)
        else greatest(
            0,
            least(
                coalesce(term_months, {{ months_between('start_date', 'end_date') }}, 12),
                {{ months_between('start_date', 'first_free_exit_date') }}
                + case
                    when extract(day from first_free_exit_date) > extract(day from start_date)
                        then 1
                    else 0
                end
            )
        )
    end as committed_months,
    (term_months is null and end_date is null) or coalesce(auto_renewal, false) as rolls_on,
    case
        when
            termination_effective_date is not null
            and termination_notice_date is not null
            and termination_withdrawn_at is null
            then termination_effective_date
        when (term_months is null and end_date is null) or coalesce(auto_renewal, false)
            then cast('9999-12-31' as date)
        else coalesce(end_date, {{ add_months('start_date', 'term_months') }})
    end as ends_on,
    known_from,
    known_to
from {{ ref('stg_canonical__contracts') }}
where
    not is_deleted
    and status not in ('draft', 'void')
    and signed_at is not null
    and start_date is not null
