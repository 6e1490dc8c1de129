{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with recognised as (
    select
        contract_line_id,
        contract_id,
        booking_month,
        customer_id,
        product_category,
        event_date as signed_on,
        row_number() over (partition by contract_line_id order by booking_month) as booking_no
    from {{ ref('int_core__contract_year_states') }}
    where entry = 'recognition' and contract_year = 0
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
        months.knowledge_at,
        versions.start_date,
        versions.renews_contract_id
    from recognised
    inner join {{ ref('int_core__booking_months') }} as months
        on recognised.booking_month = months.month_start
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            recognised.contract_id = versions.contract_id
            and {{ known_at('versions', 'months.knowledge_at') }}
    where recognised.booking_no = 1 and {{ is_rebuilt('recognised.booking_month') }}
),

earlier_days as (
    select
        signings.contract_line_id,
        days.active_until,
        row_number() over (
            partition by signings.contract_line_id
            order by days.visible_from desc, days.booking_month desc, days.active_until desc
        ) as recency
    from signings
    inner join {{ ref('int_core__customer_days') }} as days
        on
            signings.customer_id = days.customer_id
            and signings.signed_on > days.visible_from
            and signings.booking_month >= days.booking_month
),

history as (
    select
        signings.*,
        earlier_days.contract_line_id is not null as has_history,
        coalesce(
            earlier_days.active_until < signings.signed_on
            or (
                customers.lost_at <= signings.signed_on
                and customers.lost_at
                > {{ add_days('earlier_days.active_until', '-parameters.passive_days') }}
            ),
            false
        ) as is_passive,
        coalesce(customers.customer_since < signings.signed_on, false) as is_known_since
    from signings
    inner join {{ ref('int_core__parameters') }} as parameters
        on
            signings.signed_on >= parameters.valid_from
            and signings.signed_on < parameters.valid_to
    left join earlier_days
        on signings.contract_line_id = earlier_days.contract_line_id and earlier_days.recency = 1
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            signings.customer_id = customers.customer_id
            and {{ known_at('customers', 'signings.knowledge_at') }}
),

linked as (
    select distinct signings.contract_line_id
    from signings
    inner join {{ ref('stg_canonical__contract_lines') }} as earlier_lines
        on
            signings.renews_contract_id = earlier_lines.contract_id
            and signings.product_category = earlier_lines.product_category
            and {{ known_at('earlier_lines', 'signings.knowledge_at') }}
            and not earlier_lines.is_deleted
),

-- Without a link: which earlier line of the category may the new one continue? Every line signed
-- so far competes, so that an earlier line is continued once only.
unlinked_lines as (
    select
        recognised.contract_line_id,
        recognised.contract_id,
        recognised.customer_id,
        recognised.product_category,
        recognised.booking_month,
        recognised.signed_on,
        versions.start_date,
        months.knowledge_at
    from recognised
    inner join {{ ref('int_core__booking_months') }} as months
        on recognised.booking_month = months.month_start
    inner join {{ ref('int_core__contract_versions') }} as versions
        on
            recognised.contract_id = versions.contract_id
            and {{ known_at('versions', 'months.knowledge_at') }}
            and versions.renews_contract_id is null
    where recognised.booking_no = 1
),

candidates as (
    select
        unlinked_lines.contract_line_id,
        earlier.contract_line_id as earlier_line_id,
        unlinked_lines.signed_on,
        row_number() over (
            partition by unlinked_lines.contract_line_id
            order by
                abs({{ days_between('earlier_versions.ends_on', 'unlinked_lines.start_date') }}),
                earlier.contract_line_id
        ) as nearness
    from unlinked_lines
    inner join recognised as earlier
        on
            unlinked_lines.customer_id = earlier.customer_id
            and unlinked_lines.product_category = earlier.product_category
            and unlinked_lines.contract_id <> earlier.contract_id
            and earlier.signed_on < unlinked_lines.signed_on
            and earlier.booking_month <= unlinked_lines.booking_month
            and earlier.booking_no = 1
    inner join {{ ref('int_core__contract_versions') }} as earlier_versions
        on
            earlier.contract_id = earlier_versions.contract_id
            and {{ known_at('earlier_versions', 'unlinked_lines.knowledge_at') }}
    inner join {{ ref('int_core__parameters') }} as parameters
        on
            unlinked_lines.signed_on >= parameters.valid_from
            and unlinked_lines.signed_on < parameters.valid_to
    left join {{ ref('int_core__contract_versions') }} as explicit
        on
            earlier.contract_id = explicit.renews_contract_id
            and {{ known_at('explicit', 'unlinked_lines.knowledge_at') }}
            and explicit.signed_at <= unlinked_lines.signed_on
    where
        explicit.contract_id is null
        and {{ days_between('earlier_versions.ends_on', 'unlinked_lines.start_date') }}
        >= -parameters.renewal_before_end_days
        and {{ days_between('earlier_versions.ends_on', 'unlinked_lines.start_date') }}
        < parameters.renewal_after_end_days
),

-- The nearest earlier line goes to the first new line that asks for it; whoever lost asks for the
-- next one that is free. Three rounds cover more lines of one category than a customer has.
{%- for round in [1, 2, 3] %}
    asked_{{ round }} as (
        select
            candidates.*,
            row_number() over (
                partition by candidates.contract_line_id order by candidates.nearness
            ) as wish
        from
            candidates
        {%- for before in range(1, round) %}
            left join taken_{{ before }} as taker_{{ before }}
                on candidates.contract_line_id = taker_{{ before }}.contract_line_id
            left join taken_{{ before }} as line_{{ before }}
                on candidates.earlier_line_id = line_{{ before }}.earlier_line_id
        {%- endfor %}
        where
            1 = 1
            {%- for before in range(1, round) %}
                and taker_{{ before }}.contract_line_id is null
                and line_{{ before }}.earlier_line_id is null
            {%- endfor %}
    ),

    taken_{{ round }} as (
        select
            ranked.contract_line_id,
            ranked.earlier_line_id
        from (
            select
                asked_{{ round }}.*,
                row_number() over (
                    partition by asked_{{ round }}.earlier_line_id
                    order by asked_{{ round }}.signed_on, asked_{{ round }}.contract_line_id
                ) as turn
            from asked_{{ round }}
            where asked_{{ round }}.wish = 1
        ) as ranked
        where ranked.turn = 1
    ),
{% endfor %}
continued as (
    select contract_line_id from taken_1
    union all
    select contract_line_id from taken_2
    union all
    select contract_line_id from taken_3
),

bought_before as (
    select distinct signings.contract_line_id
    from signings
    inner join recognised as earlier
        on
            signings.customer_id = earlier.customer_id
            and signings.product_category = earlier.product_category
            and signings.signed_on > earlier.signed_on
            and signings.booking_month >= earlier.booking_month

    union

    select distinct signings.contract_line_id
    from signings
    inner join {{ ref('int_core__category_days') }} as days
        on
            signings.customer_id = days.customer_id
            and signings.product_category = days.product_category
            and signings.signed_on > days.visible_from
            and signings.booking_month >= days.booking_month
)

select
    history.contract_line_id,
    history.booking_month,
    case
        when not history.has_history and not history.is_known_since then 'new'
        when history.is_passive then 'win_back'
        when linked.contract_line_id is not null or continued.contract_line_id is not null
            then 'renewal'
        else 'upsell'
    end as channel,
    history.has_history
    and not history.is_passive
    and history.product_category is not null
    and bought_before.contract_line_id is null as is_cross_sell
from history
left join linked on history.contract_line_id = linked.contract_line_id
left join continued on history.contract_line_id = continued.contract_line_id
left join bought_before on history.contract_line_id = bought_before.contract_line_id
