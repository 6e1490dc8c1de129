{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

-- Who is credited for an invoice: its own split; else, while the line's contract is in its first
-- year, those who signed it; else the rep who owns the customer on the invoice date. A split counts
-- from the day it is valid from.
with contexts as (
    select distinct
        states.invoice_id,
        coalesce(states.attribution_contract_line_id, '') as contract_line_id,
        states.booking_month,
        states.customer_id,
        states.invoice_date,
        months.knowledge_at
    from {{ ref('int_core__invoice_line_states') }} as states
    inner join {{ ref('int_core__booking_months') }} as months
        on states.booking_month = months.month_start
    where
        states.attribution_line_id = states.invoice_line_id
        and {{ is_rebuilt('states.booking_month') }}
),

customer_days as (
    select distinct
        customer_id,
        invoice_date,
        booking_month,
        knowledge_at
    from contexts
),

owners as (
    select
        customer_days.customer_id,
        customer_days.invoice_date,
        customer_days.booking_month,
        min(owners.rep_id) as rep_id
    from customer_days
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            customer_days.customer_id = owners.customer_id
            and owners.role = 'owner'
            and customer_days.invoice_date >= owners.valid_from
            and customer_days.invoice_date < owners.valid_to
            and {{ known_at('owners', 'customer_days.knowledge_at') }}
    group by customer_days.customer_id, customer_days.invoice_date, customer_days.booking_month
),

owned as (
    select
        contexts.*,
        coalesce(owners.rep_id, 'unassigned') as customer_owner_id
    from contexts
    left join owners
        on
            contexts.customer_id = owners.customer_id
            and contexts.invoice_date = owners.invoice_date
            and contexts.booking_month = owners.booking_month
),

in_first_year as (
    select
        owned.*,
        versions.contract_id,
        versions.signed_at,
        versions.owner_rep_id
    from owned
    inner join {{ ref('stg_canonical__contract_lines') }} as contract_lines
        on
            owned.contract_line_id = contract_lines.contract_line_id
            and {{ known_at('contract_lines', 'owned.knowledge_at') }}
            and not contract_lines.is_deleted
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            contract_lines.contract_id = versions.contract_id
            and {{ known_at('versions', 'owned.knowledge_at') }}
            and owned.invoice_date < {{ add_months('versions.start_date', 12) }}
),

-- Nobody is named on the contract: the rep who owned the customer when it was signed.
signing_owners as (
    select
        in_first_year.invoice_id,
        in_first_year.contract_line_id,
        in_first_year.booking_month,
        min(owners.rep_id) as rep_id
    from in_first_year
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            in_first_year.customer_id = owners.customer_id
            and owners.role = 'owner'
            and in_first_year.signed_at >= owners.valid_from
            and in_first_year.signed_at < owners.valid_to
            and {{ known_at('owners', 'in_first_year.knowledge_at') }}
    where in_first_year.owner_rep_id is null
    group by
        in_first_year.invoice_id, in_first_year.contract_line_id, in_first_year.booking_month
),

signed_by as (
    select
        in_first_year.*,
        coalesce(
            in_first_year.owner_rep_id, signing_owners.rep_id, 'unassigned'
        ) as signer_rep_id
    from in_first_year
    left join signing_owners
        on
            in_first_year.invoice_id = signing_owners.invoice_id
            and in_first_year.contract_line_id = signing_owners.contract_line_id
            and in_first_year.booking_month = signing_owners.booking_month
),

splits as (
    select
        source_type,
        source_id,
        rep_id,
        credit_type,
        share,
        coalesce(valid_from, cast('1900-01-01' as date)) as valid_from,
        known_from,
        known_to
    from {{ ref('stg_canonical__credit_splits') }}
    where not is_deleted
),

candidates as (
    select
        owned.invoice_id,
        owned.contract_line_id,
        owned.booking_month,
        1 as tier,
        splits.rep_id,
        splits.credit_type,
        splits.share
    from owned
    inner join splits
        on
            owned.invoice_id = splits.source_id
            and splits.source_type = 'invoice'
            and owned.invoice_date >= splits.valid_from
            and {{ known_at('splits', 'owned.knowledge_at') }}

    union all

    -- The share of a rep who has left goes to the customer's owner.
    select
        in_first_year.invoice_id,
        in_first_year.contract_line_id,
        in_first_year.booking_month,
        2 as tier,
        case
            when splits.credit_type = 'revenue' and reps.leave_date < in_first_year.invoice_date
                then in_first_year.customer_owner_id
            else splits.rep_id
        end as rep_id,
        splits.credit_type,
        splits.share
    from in_first_year
    inner join splits
        on
            in_first_year.contract_id = splits.source_id
            and splits.source_type = 'contract'
            and in_first_year.signed_at >= splits.valid_from
            and {{ known_at('splits', 'in_first_year.knowledge_at') }}
    left join {{ ref('stg_canonical__reps') }} as reps
        on
            splits.rep_id = reps.rep_id
            and {{ known_at('reps', 'in_first_year.knowledge_at') }}
            and not reps.is_deleted

    union all

    select
        signed_by.invoice_id,
        signed_by.contract_line_id,
        signed_by.booking_month,
        3 as tier,
        case
            when reps.leave_date < signed_by.invoice_date
                then signed_by.customer_owner_id
            else signed_by.signer_rep_id
        end as rep_id,
        'revenue' as credit_type,
        cast(1 as decimal(18, 10)) as share
    from signed_by
    left join {{ ref('stg_canonical__reps') }} as reps
        on
            signed_by.signer_rep_id = reps.rep_id
            and {{ known_at('reps', 'signed_by.knowledge_at') }}
            and not reps.is_deleted

    union all

    select
        owned.invoice_id,
        owned.contract_line_id,
        owned.booking_month,
        4 as tier,
        owned.customer_owner_id as rep_id,
        'revenue' as credit_type,
        cast(1 as decimal(18, 10)) as share
    from owned
),

tiers as (
    select
        invoice_id,
        contract_line_id,
        booking_month,
        min(case when credit_type = 'revenue' then tier end) as revenue_tier,
        min(case when credit_type = 'overlay' then tier end) as overlay_tier
    from candidates
    group by invoice_id, contract_line_id, booking_month
),

shares as (
    select
        candidates.invoice_id,
        candidates.contract_line_id,
        candidates.booking_month,
        candidates.rep_id,
        candidates.credit_type,
        cast(sum(candidates.share) as decimal(18, 10)) as share
    from candidates
    inner join tiers
        on
            candidates.invoice_id = tiers.invoice_id
            and candidates.contract_line_id = tiers.contract_line_id
            and candidates.booking_month = tiers.booking_month
    -- Overlay credit without a split of revenue stands by itself; an invoice with a split of its
    -- own has no more overlay than it names.
    where
        (candidates.credit_type = 'revenue' and candidates.tier = tiers.revenue_tier)
        or (
            candidates.credit_type = 'overlay'
            and candidates.tier = tiers.overlay_tier
            and (tiers.revenue_tier > 1 or candidates.tier = 1)
        )
    group by 1, 2, 3, 4, 5
)

select
    invoice_id,
    contract_line_id,
    booking_month,
    rep_id,
    credit_type,
    share,
    first_value(rep_id) over (
        partition by invoice_id, contract_line_id, booking_month
        order by case when credit_type = 'revenue' then 0 else 1 end, share desc, rep_id asc
    ) as primary_rep_id
from shares
