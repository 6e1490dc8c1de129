-- Opportunities: those that became a contract, and those that were lost or disqualified. A deal that
-- is still open on a day is one that is closed on a later one.

create or replace temp table stage_list as
select * from (
    values
    ('prospecting', 1, false, 0.10), ('qualified', 2, true, 0.25), ('proposal', 3, true, 0.50),
    ('negotiation', 4, true, 0.75), ('closed', 5, true, 1.0)
) as s (stage, rank, is_qualified, probability);

create or replace temp table deals as
with

won as (
    select
        gk * 10 as o,
        contracts.c,
        contracts.currency,
        signed_at - 25 - pick(gk, 'deal_days', 160) as opened,
        signed_at as closed,
        'won' as ending,
        values_of.amount
    from contracts
    inner join (
        select gk, sum(annual_value) as amount from contract_lines group by gk
    ) as values_of using (gk)
    where has_opportunity(gk, g) and signed_at >= date '2023-01-01'
),

-- One attempt in most quarters for a third of the companies.
attempts as (
    select
        (c * 100 + r.q) * 10 + 1 as o,
        c,
        currency,
        date '2022-10-03' + r.q * 91 + pick(c * 100 + r.q, 'opened', 85) as opened,
        created
    from customers
    cross join (select cast(q as integer) as q from range(26) as r (q)) as r
    where
        kind = 'b2b' and merged_into is null
        and u(c, 'courted') < 0.5 and u(c * 100 + r.q, 'attempt') < 0.11
),

lost as (
    select
        o,
        c,
        currency,
        weekday(opened) as opened,
        weekday(opened) + 30 + pick(o, 'deal_days', 170) as closed,
        case when u(o, 'disqualified') < 0.2 then 'disqualified' else 'lost' end as ending,
        cast(round(exp(11.1 + 0.8 * gauss(o, 'amount')) / fx(currency), -3) as decimal(18, 4)) as amount
    from attempts
    where weekday(opened) > created
),

all_deals as (
    select * from won
    union all
    select * from lost
)

select
    all_deals.o,
    all_deals.c,
    all_deals.currency,
    greatest(all_deals.opened, customers.created) as opened,
    all_deals.closed,
    all_deals.ending,
    cast(all_deals.amount as decimal(18, 4)) as amount,
    spans.rep_no as owner_no,
    spans.s as owner_slot,
    -- A lost deal that was entered twice.
    all_deals.ending = 'disqualified' and u(all_deals.o, 'double') < 0.15 as is_double,
    case
        when all_deals.ending = 'disqualified' and u(all_deals.o, 'double') < 0.15
            then
                min(all_deals.o) filter (where all_deals.ending <> 'disqualified')
                    over (partition by all_deals.c)
    end as sibling
from all_deals
inner join customers on all_deals.c = customers.c
left join spans
    on
        all_deals.c = spans.c and spans.role = 'owner'
        and greatest(all_deals.opened, customers.created) >= spans.valid_from
        and greatest(all_deals.opened, customers.created) < spans.valid_to
where all_deals.closed > greatest(all_deals.opened, customers.created);

create or replace temp table deal_steps as
select
    deals.o,
    deals.currency,
    deals.owner_no,
    stage_list.stage,
    stage_list.rank,
    stage_list.is_qualified,
    case
        when stage_list.rank < 5 then stage_list.probability when deals.ending = 'won' then 1.0 else 0.0
    end as probability,
    cast(
        round(
            deals.amount
            * case stage_list.rank
                when 5 then 1 else 0.8 + 0.4 * u(deals.o * 10 + stage_list.rank, 'estimate')
            end,
            -2
        ) as decimal(18, 4)
    ) as amount,
    case
        when stage_list.rank = 5 then deals.closed
        else
            deals.opened
            + cast(
                floor(
                    (deals.closed - deals.opened)
                    * (stage_list.rank - 1)
                    / 4.0
                    * (0.7 + 0.3 * u(deals.o, 'speed'))
                ) as integer
            )
    end as entered,
    deals.closed + pick(deals.o * 10 + stage_list.rank, 'expected', 40) - 10 as expected_close
from deals
inner join stage_list on stage_list.rank in (1, 5) or u(deals.o * 10 + stage_list.rank, 'stage') < 0.85;

create or replace temp view e_opportunity_stages as
select
    stage,
    cast(rank as integer) as rank,
    is_qualified,
    date '2022-01-03' as _created,
    date '2022-01-03' as _changed
from stage_list;

create or replace temp view e_opportunities as
with

latest as (
    select o, max(rank) as rank, max(entered) as entered
    from deal_steps
    where entered <= cut()
    group by o
)

select
    opportunity_id(deals.o) as opportunity_id,
    customer_id(deals.c) as customer_id,
    rep_id(deals.owner_no) as owner_rep_id,
    stamp(deals.opened, deals.o) as created_at,
    steps.stage,
    steps.is_qualified,
    steps.amount,
    deals.currency,
    cast(steps.probability as decimal(18, 10)) as probability,
    steps.expected_close as expected_close_date,
    steps.expected_close - 7 as expected_decision_date,
    case when known(deals.closed) then stamp(deals.closed, deals.o) end as closed_at,
    case when known(deals.closed) then deals.ending else 'open' end as outcome,
    case
        when
            known(deals.closed) and deals.ending = 'lost'
            then ['Pris', 'Konkurrent', 'Inget beslut', 'Tidpunkt'][pick(deals.o, 'why', 4) + 1]
    end as loss_reason,
    case
        when
            deals.is_double and known(deals.closed) and siblings.opened <= cut()
            then opportunity_id(deals.sibling)
    end as merged_into_id,
    deals.opened as _created,
    greatest(
        latest.entered, case when deals.is_double and known(deals.closed) then upto(siblings.opened) end
    ) as _changed
from latest
inner join deals on latest.o = deals.o
inner join deal_steps as steps on latest.o = steps.o and latest.rank = steps.rank
left join deals as siblings on deals.sibling = siblings.o;

create or replace temp view e_opportunity_stage_history as
select
    opportunity_id(o) as opportunity_id,
    stamp(entered, o * 10 + rank) as entered_at,
    stage,
    amount,
    cast(probability as decimal(18, 10)) as probability,
    expected_close as expected_close_date,
    expected_close - 7 as expected_decision_date,
    rep_id(owner_no) as owner_rep_id,
    entered as _created,
    entered as _changed
from deal_steps;

create or replace temp view e_decision_ladder as
select
    opportunity_id(deals.o) as opportunity_id,
    roles.step_role,
    contact_id(contacts.k) as contact_id,
    stamp(deals.opened + 5 * roles.n, deals.o * 10 + roles.n) as mapped_at,
    cast(1 + pick(deals.o * 10 + roles.n, 'influence', 5) as integer) as influence,
    deals.opened + 5 * roles.n as _created,
    deals.opened + 5 * roles.n as _changed
from deals
cross join (
    values
    (0, 'initiator'), (1, 'influencer'), (2, 'decider'), (3, 'buyer'), (4, 'mobilizer'), (5, 'user')
) as roles (n, step_role)
inner join contacts on deals.c = contacts.c and contacts.j = roles.n % 2
-- Some sellers map the whole ladder, most a step here and there.
where u(deals.o * 10 + roles.n, 'mapped') < case when u(deals.o, 'maps') < 0.35 then 0.97 else 0.5 end;

create or replace temp view e_credit_splits as
select
    'contract' as source_type,
    contract_id(gk) as source_id,
    rep_id(rep_no) as rep_id,
    credit_type,
    cast(share as decimal(18, 10)) as share,
    signed_at as valid_from,
    recorded as _created,
    recorded as _changed
from contract_credit
union all
-- A deal two sellers worked on half and half.
select
    'opportunity',
    opportunity_id(deals.o),
    rep_id(case halves.n when 0 then deals.owner_no else people.rep_no end),
    'revenue',
    0.5,
    deals.opened,
    deals.opened,
    deals.opened
from deals
inner join people
    on
        (deals.owner_slot + 1) % $slots = people.s
        and deals.owner_slot <> people.s
        and deals.opened between people.hire and people.leave
cross join (values (0), (1)) as halves (n)
where deals.owner_no is not null and u(deals.o, 'shared') < 0.05;

create or replace temp view e_survey_responses as
select
    'SV' || (customers.c * 1000 + month_index(months.month)) as response_id,
    customer_id(customers.c) as customer_id,
    case when customers.kind <> 'internal' then contact_id(customers.c * 10) end as contact_id,
    stamp(months.month + pick(customers.c * 1000 + month_index(months.month), 'answered', 27), customers.c)
        as answered_at,
    cast(
        least(
            10, greatest(0, round(7.9 + 1.9 * gauss(customers.c * 1000 + month_index(months.month), 'nps')))
        ) as integer
    ) as score,
    case when u(customers.c * 1000 + month_index(months.month), 'kind') < 0.7 then 'nps' else 'csat' end
        as survey_type,
    months.month + pick(customers.c * 1000 + month_index(months.month), 'answered', 27) as _created,
    months.month + pick(customers.c * 1000 + month_index(months.month), 'answered', 27) as _changed
from customers
cross join (
    select cast(m as date) as month from generate_series(date '2023-01-01', cut(), interval 1 month) as r (m)
) as months
where
    customers.kind in ('b2b', 'store') and customers.created < months.month
    and u(customers.c * 1000 + month_index(months.month), 'asked') < 0.012;

create or replace temp view e_target_lists as
select
    'TL-' || year(quarters.q) || 'Q' || quarter(quarters.q) as target_list_id,
    customer_id(customers.c) as customer_id,
    quarters.q as valid_from,
    months_later(quarters.q, 3) as valid_to,
    greatest(quarters.q - 14, customers.created) as _created,
    greatest(quarters.q - 14, customers.created) as _changed
from customers
cross join (
    select cast(q as date) as q from generate_series(date '2023-01-01', horizon(), interval 3 month) as r (q)
) as quarters
where
    customers.kind in ('b2b', 'store') and customers.created < quarters.q
    and u(customers.c * 100 + (year(quarters.q) - 2020) * 4 + quarter(quarters.q), 'listed') < 0.08;
