{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with context as (
    select * from {{ ref('int_core__context') }}
),

months as (
    select * from {{ ref('int_core__booking_months') }}
),

spells as (
    select * from {{ ref('int_core__customer_spells') }}
    where not is_internal
),

events as (
    select
        customer_id,
        version_from,
        version_to,
        entry as event_kind,
        cast(null as varchar) as product_category,
        active_from as event_date,
        contract_id
    from spells

    union all

    select
        customer_id,
        version_from,
        version_to,
        'lost' as event_kind,
        cast(null as varchar) as product_category,
        active_until as event_date,
        cast(null as varchar) as contract_id
    from spells

    union all

    select
        customer_id,
        version_from,
        version_to,
        'cross_sold' as event_kind,
        product_category,
        bought_on as event_date,
        contract_id
    from {{ ref('int_core__cross_sales') }}
),

-- A version of the history speaks of the time up to its last month.
told as (
    select
        events.*,
        case
            when
                lag(events.version_to) over (
                    partition by
                        events.customer_id,
                        events.event_kind,
                        events.product_category,
                        events.event_date,
                        events.contract_id
                    order by events.version_from
                ) = events.version_from
                then 0
            else 1
        end as is_first
    from events
    cross join context
    where
        events.event_date < context.as_of
        and {{ trunc_date('month', 'events.event_date') }} < events.version_to
),

numbered as (
    select
        *,
        sum(is_first) over (
            partition by customer_id, event_kind, product_category, event_date, contract_id
            order by version_from
            rows between unbounded preceding and current row
        ) as telling_no
    from told
),

-- An event that one version after the other tells is booked once: whatever else is learnt of the
-- customer, it stays as it is.
counted as (
    select
        customer_id,
        min(version_from) as version_from,
        max(version_to) as version_to,
        event_kind,
        product_category,
        event_date,
        contract_id,
        greatest(min(version_from), {{ trunc_date('month', 'event_date') }}) as first_booked_in
    from numbered
    group by customer_id, event_kind, product_category, event_date, contract_id, telling_no
),

-- A contract that is booked again may have got another split.
booked as (
    select
        *,
        first_booked_in as booked_in
    from counted

    union all

    select
        counted.*,
        bookings.booking_month as booked_in
    from counted
    inner join {{ ref('int_core__contract_bookings') }} as bookings
        on
            counted.contract_id = bookings.contract_id
            and counted.first_booked_in < bookings.booking_month
            and counted.version_to > bookings.booking_month
),

-- Each state holds until the event is booked again, or its customer turns out to have another
-- history.
intervals as (
    select
        *,
        coalesce(
            lead(booked_in) over (
                partition by
                    customer_id,
                    version_from,
                    event_kind,
                    product_category,
                    event_date,
                    contract_id
                order by booked_in
            ),
            version_to
        ) as booked_to
    from booked
),

states as (
    select
        intervals.*,
        months.knowledge_at
    from intervals
    inner join months on intervals.first_booked_in = months.month_start
    where
        {{ is_rebuilt('intervals.booked_in') }}
        or (
            intervals.booked_to < cast('9999-12-31' as date)
            and {{ is_rebuilt('intervals.booked_to') }}
        )
),

contracts as (
    select distinct
        states.contract_id,
        states.booked_in,
        months.knowledge_at
    from states
    inner join months on states.booked_in = months.month_start
    where states.contract_id is not null
),

-- Who signed: the largest share of the contract, else its owner.
signers as (
    select
        contracts.contract_id,
        contracts.booked_in,
        coalesce(splits.rep_id, versions.owner_rep_id) as rep_id,
        row_number() over (
            partition by contracts.contract_id, contracts.booked_in
            order by splits.share desc nulls last, splits.rep_id asc nulls last
        ) as place
    from contracts
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            contracts.contract_id = versions.contract_id
            and {{ known_at('versions', 'contracts.knowledge_at') }}
    left join {{ ref('stg_canonical__credit_splits') }} as splits
        on
            contracts.contract_id = splits.source_id
            and splits.source_type = 'contract'
            and splits.credit_type = 'revenue'
            and versions.signed_at >= coalesce(splits.valid_from, cast('1900-01-01' as date))
            and not splits.is_deleted
            and {{ known_at('splits', 'contracts.knowledge_at') }}
),

owners as (
    select
        states.customer_id,
        states.event_date,
        states.first_booked_in,
        min(owners.rep_id) as rep_id
    from states
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            states.customer_id = owners.customer_id
            and owners.role = 'owner'
            and states.event_date >= owners.valid_from
            and states.event_date < owners.valid_to
            and {{ known_at('owners', 'states.knowledge_at') }}
    group by states.customer_id, states.event_date, states.first_booked_in
),

-- A group is a parent and all that name it; whoever has no parent is one of its own.
group_members as (
    select
        customer_id,
        coalesce(parent_customer_id, customer_id) as group_id,
        known_from,
        known_to
    from {{ ref('stg_canonical__customers') }}
),

-- `distinct` keeps the engine from joining spells by moment alone before the relative is known.
relations as (
    select distinct
        states.customer_id,
        states.event_date,
        states.first_booked_in,
        relatives.customer_id as relative_id
    from states
    inner join group_members as newcomers
        on
            states.customer_id = newcomers.customer_id
            and {{ known_at('newcomers', 'states.knowledge_at') }}
    inner join group_members as relatives
        on
            newcomers.group_id = relatives.group_id
            and newcomers.customer_id <> relatives.customer_id
            and {{ known_at('relatives', 'states.knowledge_at') }}
    where states.event_kind = 'new'
),

known_groups as (
    select distinct
        relations.customer_id,
        relations.event_date,
        relations.first_booked_in
    from relations
    inner join spells
        on
            relations.relative_id = spells.customer_id
            and relations.first_booked_in >= spells.version_from
            and relations.first_booked_in < spells.version_to
            and relations.event_date > spells.active_from
),

credited as (
    select
        states.customer_id,
        states.event_kind,
        states.product_category,
        states.event_date,
        states.booked_in,
        states.booked_to,
        known_groups.customer_id is not null as is_group_known,
        coalesce(signers.rep_id, owners.rep_id, 'unassigned') as rep_id,
        customers.area_id,
        customers.business_category,
        customers.purchase_method
    from states
    left join known_groups
        on
            states.event_kind = 'new'
            and states.customer_id = known_groups.customer_id
            and states.event_date = known_groups.event_date
            and states.first_booked_in = known_groups.first_booked_in
    left join signers
        on
            states.contract_id = signers.contract_id
            and states.booked_in = signers.booked_in
            and signers.place = 1
    left join owners
        on
            states.customer_id = owners.customer_id
            and states.event_date = owners.event_date
            and states.first_booked_in = owners.first_booked_in
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            states.customer_id = customers.customer_id
            and {{ known_at('customers', 'states.knowledge_at') }}
),

postings as (
    select
        credited.*,
        credited.booked_in as booking_month,
        cast(1 as integer) as sign
    from credited

    union all

    select
        credited.*,
        credited.booked_to as booking_month,
        cast(-1 as integer) as sign
    from credited
    where credited.booked_to < cast('9999-12-31' as date)
),

netted as (
    select
        booking_month,
        customer_id,
        event_kind,
        product_category,
        event_date,
        is_group_known,
        rep_id,
        area_id,
        business_category,
        purchase_method,
        sum(sign) as events
    from postings
    where {{ is_rebuilt('booking_month') }}
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
    having sum(sign) <> 0
)

select
    booking_month,
    customer_id,
    event_kind,
    product_category,
    event_date,
    greatest(event_date, booking_month) as booking_date,
    is_group_known,
    rep_id,
    area_id,
    business_category,
    purchase_method,
    cast(events as integer) as events
from netted
