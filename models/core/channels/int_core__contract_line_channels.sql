{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

-- The month is joined below the window, so that the engine does not join it and the versions of
-- contracts by moment alone.
with recognised as (
    select
        states.contract_line_id,
        states.contract_id,
        states.booking_month,
        states.customer_id,
        states.product_category,
        states.event_date as signed_on,
        months.knowledge_at,
        row_number() over (
            partition by states.contract_line_id order by states.booking_month
        ) as booking_no
    from {{ ref('int_core__contract_year_states') }} as states
    inner join {{ ref('int_core__booking_months') }} as months
        on states.booking_month = months.month_start
    where states.entry = 'recognition' and states.contract_year = 0
),

-- Decided once, when the line is first counted, from what was known then.
signings as (
    select
        recognised.contract_line_id,
        recognised.contract_id,
        recognised.booking_month,
        recognised.customer_id,
        recognised.product_category,
        recognised.signed_on,
        recognised.knowledge_at,
        versions.start_date,
        versions.renews_contract_id
    from recognised
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            recognised.contract_id = versions.contract_id
            and {{ known_at('versions', 'recognised.knowledge_at') }}
    where recognised.booking_no = 1
),

-- The customer on the morning of the day of signing: what is signed that day is not seen yet.
customer_states as (
    select
        signings.contract_line_id,
        min(spells.first_known_on) as first_known_on,
        max(case when spells.is_from_before then 1 else 0 end) as is_from_before,
        max(
            case
                when
                    spells.active_from < signings.signed_on
                    and spells.active_until >= signings.signed_on
                    then 1
                else 0
            end
        ) as is_active
    from signings
    inner join {{ ref('int_core__customer_spells') }} as spells
        on
            signings.customer_id = spells.customer_id
            and signings.booking_month >= spells.version_from
            and signings.booking_month < spells.version_to
    group by signings.contract_line_id
),

history as (
    select
        signings.*,
        coalesce(customer_states.first_known_on < signings.signed_on, false) as has_history,
        coalesce(customer_states.is_active, 0) = 1 as is_active,
        coalesce(customer_states.is_from_before, 0) = 1 as is_from_before
    from signings
    left join customer_states on signings.contract_line_id = customer_states.contract_line_id
),

line_versions as (
    select
        contract_lines.contract_line_id,
        contract_lines.contract_id,
        contract_lines.product_category,
        contract_lines.product_id,
        contract_lines.known_from,
        contract_lines.known_to
    from {{ ref('stg_canonical__contract_lines') }} as contract_lines
    where not contract_lines.is_deleted
),

linked as (
    select distinct history.contract_line_id
    from history
    inner join line_versions
        on
            history.renews_contract_id = line_versions.contract_id
            and {{ known_at('line_versions', 'history.knowledge_at') }}
    left join {{ ref('stg_canonical__products') }} as products
        on
            line_versions.product_id = products.product_id
            and {{ known_at('products', 'history.knowledge_at') }}
    where
        history.product_category
        = coalesce(line_versions.product_category, products.product_category)
),

-- Without a link: which earlier line of the category may the new one continue? All that were ever
-- decided compete, so that an earlier line is continued once only; a customer who comes back
-- continues nothing.
unlinked_lines as (
    select * from history
    where
        renews_contract_id is null
        and product_category is not null
        and has_history
        and is_active
),

-- `distinct` keeps the engine from joining versions by moment alone before the pairs are known.
earlier_contracts as (
    select distinct
        unlinked_lines.contract_line_id,
        unlinked_lines.booking_month,
        unlinked_lines.signed_on,
        unlinked_lines.start_date,
        unlinked_lines.product_category,
        unlinked_lines.knowledge_at,
        versions.contract_id as earlier_contract_id,
        versions.ends_on as earlier_ends_on
    from unlinked_lines
    inner join {{ ref('int_core__customer_histories') }} as histories
        on
            unlinked_lines.customer_id = histories.customer_id
            and unlinked_lines.booking_month >= histories.version_from
            and unlinked_lines.booking_month < histories.version_to
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            histories.member_id = versions.customer_id
            and unlinked_lines.contract_id <> versions.contract_id
            and unlinked_lines.signed_on > versions.signed_at
            and {{ known_at('versions', 'unlinked_lines.knowledge_at') }}
    inner join {{ ref('int_core__parameters') }} as parameters
        on
            unlinked_lines.signed_on >= parameters.valid_from
            and unlinked_lines.signed_on < parameters.valid_to
    where
        {{ days_between('versions.ends_on', 'unlinked_lines.start_date') }}
        >= -parameters.renewal_before_end_days
        and {{ days_between('versions.ends_on', 'unlinked_lines.start_date') }}
        < parameters.renewal_after_end_days
),

-- A contract that names the earlier one as renewed continues its lines of the categories it has.
-- Here too the pairs are known before versions are joined by moment.
namings as (
    select distinct
        earlier_contracts.contract_line_id,
        earlier_contracts.earlier_contract_id,
        earlier_contracts.product_category,
        earlier_contracts.knowledge_at,
        renewals.contract_id as renewal_id
    from earlier_contracts
    inner join {{ ref('int_core__contract_versions') }} as renewals
        on
            earlier_contracts.earlier_contract_id = renewals.renews_contract_id
            and earlier_contracts.signed_on >= renewals.signed_at
            and {{ known_at('renewals', 'earlier_contracts.knowledge_at') }}
),

named as (
    select distinct
        namings.contract_line_id,
        namings.earlier_contract_id
    from namings
    inner join line_versions
        on
            namings.renewal_id = line_versions.contract_id
            and {{ known_at('line_versions', 'namings.knowledge_at') }}
    left join {{ ref('stg_canonical__products') }} as products
        on
            line_versions.product_id = products.product_id
            and {{ known_at('products', 'namings.knowledge_at') }}
    where
        namings.product_category
        = coalesce(line_versions.product_category, products.product_category)
),

candidates_1 as (
    select
        earlier_contracts.contract_line_id,
        earlier_contracts.booking_month,
        earlier_contracts.signed_on,
        line_versions.contract_line_id as earlier_line_id,
        abs({{ days_between('earlier_contracts.earlier_ends_on', 'earlier_contracts.start_date') }})
            as distance
    from earlier_contracts
    inner join line_versions
        on
            earlier_contracts.earlier_contract_id = line_versions.contract_id
            and {{ known_at('line_versions', 'earlier_contracts.knowledge_at') }}
    left join {{ ref('stg_canonical__products') }} as products
        on
            line_versions.product_id = products.product_id
            and {{ known_at('products', 'earlier_contracts.knowledge_at') }}
    left join named
        on
            earlier_contracts.contract_line_id = named.contract_line_id
            and earlier_contracts.earlier_contract_id = named.earlier_contract_id
    where
        named.contract_line_id is null
        and earlier_contracts.product_category
        = coalesce(line_versions.product_category, products.product_category)
),

-- Each new line asks for the nearest earlier one; the line decided first gets it, and whoever lost
-- asks for the next nearest, also where another holds it that was decided later. Five rounds settle
-- more lines of one category than a customer signs within the window of a renewal.
{%- set rounds = 5 %}
{%- for round in range(1, rounds + 1) %}
    asked_{{ round }} as (
        select
            *,
            row_number() over (
                partition by contract_line_id order by distance, earlier_line_id
            ) as wish
        from candidates_{{ round }}
    ),

    answered_{{ round }} as (
        select
            *,
            row_number() over (
                partition by earlier_line_id, case when wish = 1 then 1 else 0 end
                order by booking_month, signed_on, contract_line_id
            ) as turn
        from asked_{{ round }}
    ),

    candidates_{{ round + 1 }} as (
        select
            contract_line_id,
            booking_month,
            signed_on,
            earlier_line_id,
            distance
        from answered_{{ round }}
        where wish > 1 or turn = 1
    ),
{% endfor %}
continued as (
    select
        contract_line_id,
        earlier_line_id
    from answered_{{ rounds }}
    where wish = 1 and turn = 1
),

bought_before as (
    select distinct history.contract_line_id
    from history
    inner join {{ ref('int_core__category_purchases') }} as purchases
        on
            history.customer_id = purchases.customer_id
            and history.booking_month >= purchases.version_from
            and history.booking_month < purchases.version_to
            and history.product_category = purchases.product_category
            and history.signed_on > purchases.bought_on
)

select
    history.contract_line_id,
    history.booking_month,
    case
        when not history.has_history then 'new'
        when not history.is_active then 'win_back'
        when linked.contract_line_id is not null or continued.contract_line_id is not null
            then 'renewal'
        else 'upsell'
    end as channel,
    history.has_history
    and history.is_active
    and not history.is_from_before
    and history.product_category is not null
    and linked.contract_line_id is null
    and continued.contract_line_id is null
    and bought_before.contract_line_id is null as is_cross_sell,
    continued.earlier_line_id as continues_line_id
from history
left join linked on history.contract_line_id = linked.contract_line_id
left join continued on history.contract_line_id = continued.contract_line_id
left join bought_before on history.contract_line_id = bought_before.contract_line_id
where {{ is_rebuilt('history.booking_month') }}
