{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

-- Year 0 is credited to those who signed it, every later year and every cancellation to the rep
-- who owns the customer on the day.
with contexts as (
    select distinct
        states.contract_id,
        states.booking_month,
        case
            when states.entry in ('cancellation', 'cancellation_withdrawn') then 'owner'
            when states.contract_year = 0 then 'split'
            else 'owner'
        end as credit_rule,
        case
            when states.entry in ('cancellation', 'cancellation_withdrawn')
                then least(versions.termination_notice_date, states.event_date)
            else states.recognised_on
        end as credit_date,
        states.customer_id,
        states.owner_rep_id,
        months.knowledge_at
    from {{ ref('int_core__contract_year_states') }} as states
    inner join {{ ref('int_core__booking_months') }} as months
        on states.booking_month = months.month_start
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            states.contract_id = versions.contract_id
            and {{ known_at('versions', 'months.knowledge_at') }}
    where {{ is_rebuilt('states.booking_month') }}
),

splits as (
    select * from {{ ref('stg_canonical__credit_splits') }}
    where source_type = 'contract' and not is_deleted
),

split_shares as (
    select
        contexts.contract_id,
        contexts.booking_month,
        contexts.credit_rule,
        contexts.credit_date,
        splits.rep_id,
        splits.credit_type,
        splits.share
    from contexts
    inner join splits
        on
            contexts.contract_id = splits.source_id
            and contexts.credit_date >= coalesce(splits.valid_from, cast('1900-01-01' as date))
            and {{ known_at('splits', 'contexts.knowledge_at') }}
    where contexts.credit_rule = 'split'
),

owner_shares as (
    select
        contexts.contract_id,
        contexts.booking_month,
        contexts.credit_rule,
        contexts.credit_date,
        coalesce(
            case when contexts.credit_rule = 'split' then max(contexts.owner_rep_id) end,
            min(owners.rep_id),
            'unassigned'
        ) as rep_id,
        'revenue' as credit_type,
        cast(1 as decimal(18, 10)) as share
    from contexts
    left join split_shares
        on
            contexts.contract_id = split_shares.contract_id
            and contexts.booking_month = split_shares.booking_month
            and contexts.credit_rule = split_shares.credit_rule
            and contexts.credit_date = split_shares.credit_date
            and split_shares.credit_type = 'revenue'
    left join {{ ref('int_core__customer_owners') }} as owners
        on
            contexts.customer_id = owners.customer_id
            and owners.role = 'owner'
            and contexts.credit_date >= owners.valid_from
            and contexts.credit_date < owners.valid_to
            and {{ known_at('owners', 'contexts.knowledge_at') }}
    where split_shares.contract_id is null
    group by
        contexts.contract_id, contexts.booking_month, contexts.credit_rule, contexts.credit_date
),

shares as (
    select * from split_shares
    union all
    select * from owner_shares
)

select
    contract_id,
    booking_month,
    credit_rule,
    credit_date,
    rep_id,
    credit_type,
    share,
    first_value(rep_id) over (
        partition by contract_id, booking_month, credit_rule, credit_date
        order by case when credit_type = 'revenue' then 0 else 1 end, share desc, rep_id asc
    ) as primary_rep_id
from shares
