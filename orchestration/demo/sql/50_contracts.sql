-- Contracts come in chains: one after the other until the customer leaves. Whether a chain goes on
-- depends on hashes of (customer, chain, generation) alone, so that the future is known, but only
-- told on its day.

create or replace temp table chains as
with

buyers as (
    select
        *,
        case
            when kind = 'chain' then date '2020-07-01' + pick(c, 'first', 500)
            when kind <> 'b2b' or merged_into is not null then null
            when not is_new and u(c, 'buyer') < 0.30 then date '2020-07-01' + pick(c, 'first', 880)
            -- Prospects of old that become customers one day.
            when not is_new and u(c, 'buyer') < 0.42 then date '2023-02-01' + pick(c, 'first', 2150)
            when is_new and u(c, 'buyer') < 0.40 then created + 95 + pick(c, 'first', 80)
        end as first_day
    from customers
),

typed as (
    select
        buyers.*,
        kinds.ch,
        c * 10 + kinds.ch as ck,
        u(c * 10 + kinds.ch, 'type') as type_draw
    from buyers
    cross join (values (1), (2), (3)) as kinds (ch)
    where first_day is not null and (kinds.ch <> 2 or u(c, 'upsold') < 0.24)
)

select
    * exclude (type_draw),
    case
        when type_draw < 0.44 then 12 when type_draw < 0.62 then 24 when type_draw < 0.78 then 36
        when type_draw < 0.90 then 12
    end as term,
    type_draw >= 0.78 as runs_on,
    month_of(first_day) + case when u(ck, 'mid_month') < 0.08 then 14 else 0 end as first_start
from typed;

-- Months are counted from the start of the chain.
create or replace temp table generations as
with

numbered as (
    select
        chains.*,
        g,
        ck * 10 + g as gk,
        g * term as from_month,
        u(ck * 10 + g, 'has_clause') < 0.45 or runs_on as has_clause
    from chains
    cross join (select cast(g as integer) as g from range(8) as r (g)) as r
    where g = 0 or not runs_on
),

noticed as (
    select
        *,
        case
            when runs_on then 8 + cast(waiting_years(gk, 'leaves', 0.20) * 12 as integer)
            when has_clause and u(gk, 'leaves_early') < 0.16 then term // 2 + pick(gk, 'exit', term // 2 - 1)
        end as exit_month,
        u(gk, 'withdrawn') < 0.14 as is_withdrawn,
        u(gk, 'renewed') < case term when 12 then 0.80 else 0.86 end as is_renewed
    from numbered
),

lived as (
    select
        *,
        case when exit_month is not null and not is_withdrawn then exit_month end as left_month,
        coalesce(bool_and(is_renewed and (exit_month is null or is_withdrawn)) over (
            partition by ck order by g rows between unbounded preceding and 1 preceding
        ), true) as is_reached
    from noticed
)

select
    *,
    case
        when left_month is not null then coalesce(from_month, 0) + left_month
        when not runs_on then from_month + term
    end as end_month,
    max(g) over (partition by ck) = g as is_last
from lived
where is_reached;

create or replace temp table contracts as
with

ends as (
    select c, end_month, first_start
    from generations
    where ch = 1 and is_last and end_month is not null
),

starts as (
    select
        generations.*,
        case generations.ch
            when 1 then generations.first_start
            when 2 then months_later(generations.first_start, 4 + pick(generations.ck, 'later', 30))
            when
                3
                then months_later(ends.first_start, ends.end_month + 13 + pick(generations.ck, 'later', 12))
        end as chain_start
    from generations
    left join ends on generations.c = ends.c
    where generations.ch <> 3 or (ends.end_month is not null and u(generations.c, 'won_back') < 0.38)
),

dated as (
    select
        *,
        months_later(chain_start, coalesce(from_month, 0)) as start_day,
        months_later(chain_start, end_month) as ended_on,
        months_later(chain_start, coalesce(from_month, 0) + exit_month) as exit_day,
        [1, 2, 3, 3, 6][pick(gk, 'notice', 5) + 1] as notice_months
    from starts
),

signed as (
    select
        *,
        weekday(start_day - case
            when g = 0 then 5 + pick(gk, 'ahead', 50)
            -- Some renewals are signed when the old contract has run out.
            when u(gk, 'late_renewal') < 0.1 then -pick(gk, 'ahead', 20)
            else 10 + pick(gk, 'ahead', 80)
        end) as signed_at,
        weekday(months_later(exit_day, -notice_months)) as notice_day
    from dated
    where start_day <= horizon()
)

select
    signed.* exclude (kind),
    customers.kind,
    signed_at + crm_lag(gk, 'lag') as recorded,
    notice_day + pick(gk, 'notice_lag', 4) as notice_recorded,
    case when is_withdrawn then notice_day + 5 + pick(gk, 'withdrawing', 20) end as withdrawn_day,
    coalesce(ended_on, date '2099-12-31') as runs_until,
    spans.rep_no as owner_no,
    spans.s as owner_slot,
    u(gk, 'never_invoiced') >= 0.03 as is_invoiced,
    lag(gk) over (partition by ck order by g) as previous_gk
from signed
inner join customers on signed.c = customers.c
left join spans
    on
        signed.c = spans.c and spans.role = 'owner'
        and signed.signed_at >= spans.valid_from and signed.signed_at < spans.valid_to;

create or replace temp table first_contracts as
select c, min(recorded) as recorded, min(signed_at) as signed_at
from contracts
group by c;

-- What the CRM says about a customer that has left for good: only of some.
create or replace temp table losses as
select
    c,
    max(runs_until) as lost_at,
    max(runs_until) + pick(c, 'loss_lag', 20) as recorded
from contracts
where u(c, 'loss_told') < 0.5
group by c
having max(runs_until) < date '2099-01-01';

-- Drafts and contracts made void carry no business.
create or replace temp table paper_contracts as
select
    c,
    c * 100 + case when is_void then 70 else 80 end as gk,
    is_void,
    greatest(created, date '2023-01-10') + 20 + pick(c, 'paper', 1700) as day
from (
    select *, u(c, 'paper_void') < 0.4 as is_void
    from customers
    where kind = 'b2b' and merged_into is null and u(c, 'paper') < 0.03
) as candidates;

create or replace macro declared(gk, ch, g) as case
    when u(gk, 'declared') < 0.05 then null
    when u(gk, 'declared') < 0.13 then ['new', 'upsell', 'renewal', 'win_back'][pick(gk, 'mistaken', 4) + 1]
    when g > 0 then 'renewal' when ch = 2 then 'upsell' when ch = 3 then 'win_back' else 'new'
end;

create or replace temp view e_contracts as
select
    contract_id(contracts.gk) as contract_id,
    customer_id(contracts.c) as customer_id,
    rep_id(owner_no) as owner_rep_id,
    case
        when
            has_opportunity(contracts.gk, contracts.g) and not contracts.is_before_history
            then opportunity_id(contracts.gk * 10)
    end as opportunity_id,
    signed_at,
    start_day as start_date,
    case when term is not null then months_later(start_day, term) end as end_date,
    term as term_months,
    case
        when left_month is not null and known(ended_on) and known(notice_recorded) then 'terminated'
        when not runs_on and known(ended_on) then 'expired'
        when known(start_day) then 'active'
        else 'signed'
    end as status,
    contracts.currency,
    has_clause as has_termination_clause,
    case when has_clause then months_later(start_day, greatest(6, coalesce(term, 12) // 2)) end
        as first_free_exit_date,
    case when known(notice_recorded) then notice_day end as termination_notice_date,
    case when known(notice_recorded) then exit_day end as termination_effective_date,
    case when known(withdrawn_day) then stamp(withdrawn_day, contracts.gk) end as termination_withdrawn_at,
    case
        when
            known(notice_recorded)
            then case when u(contracts.gk, 'vendor') < 0.06 then 'vendor' else 'customer' end
    end as terminated_by,
    notice_months,
    case when g > 0 and u(contracts.gk, 'linked') < 0.6 then contract_id(previous_gk) end
        as renews_contract_id,
    runs_on and term is not null as auto_renewal,
    declared(contracts.gk, ch, g) as declared_channel,
    purchase_method_of(contracts.c, contracts.kind) as purchase_method,
    contracts.area_id,
    recorded as _created,
    greatest(
        recorded,
        upto(start_day),
        upto(notice_recorded),
        upto(withdrawn_day),
        case when left_month is not null or not runs_on then upto(ended_on) end
    ) as _changed
from (select *, signed_at < date '2023-01-01' as is_before_history from contracts) as contracts
union all
select
    contract_id(papers.gk),
    customer_id(papers.c),
    rep_id(spans.rep_no),
    null,
    case when papers.is_void then weekday(papers.day) end,
    month_of(papers.day + 40),
    months_later(month_of(papers.day + 40), 12),
    12,
    case when not papers.is_void then 'draft' when known(papers.day + 20) then 'void' else 'signed' end,
    customers.currency,
    false,
    null, null, null, null, null,
    3,
    null,
    false,
    null,
    purchase_method_of(papers.c, 'b2b'),
    customers.area_id,
    papers.day + 2,
    greatest(papers.day + 2, case when papers.is_void then upto(papers.day + 20) end)
from paper_contracts as papers
inner join customers on papers.c = customers.c
left join spans
    on
        papers.c = spans.c and spans.role = 'owner'
        and papers.day >= spans.valid_from and papers.day < spans.valid_to;

create or replace temp table contract_lines as
select
    contracts.gk,
    contracts.gk * 10 + r.n as line_no,
    r.n,
    contracts.start_day,
    contracts.currency,
    contracts.recorded,
    contracts.c,
    categories.product_category,
    cast(round(
        exp(10.45 + 0.75 * gauss(contracts.ck * 10 + r.n, 'value'))
        * case when contracts.kind = 'chain' then 6 else 1 end
        * pow(1.03, (contracts.start_day - date '2021-01-01') / 365.25)
        * pow(0.95 + 0.15 * u(contracts.ck, 'trend'), contracts.g)
        / fx(contracts.currency), -2
    ) + 1200 as decimal(18, 4)) as annual_value,
    cast(case
        when contracts.g = 0 and u(contracts.gk * 10 + r.n, 'one_off') < 0.1
            then round((2000 + pick(contracts.gk, 'once', 9000)) / fx(contracts.currency), -1)
        else 0
    end as decimal(18, 4)) as one_off_value,
    cast(round(0.20 + 0.25 * u(contracts.ck * 10 + r.n, 'margin'), 4) as decimal(18, 10)) as margin_rate
from contracts
cross join (select cast(n as integer) as n from range(3) as r (n)) as r
inner join categories
    on
        (pick(contracts.c, 'category', 10) + case contracts.ch when 2 then 4 else 0 end + r.n * 3) % 10
        = categories.n
where
    r.n < case when u(contracts.ck, 'lines') < 0.58 then 1 when u(contracts.ck, 'lines') < 0.87 then 2 else 3 end;

create or replace temp view e_contract_lines as
select
    'KL' || line_no as contract_line_id,
    contract_id(gk) as contract_id,
    product_category,
    cast(null as varchar) as product_id,
    annual_value,
    one_off_value,
    margin_rate as expected_margin_rate,
    recorded as _created,
    recorded as _changed
from contract_lines
union all
select
    'KL' || (papers.gk * 10),
    contract_id(papers.gk),
    'office_coffee',
    null,
    cast(30000 + pick(papers.c, 'paper_value', 50) * 1000 as decimal(18, 4)),
    0,
    0.3,
    papers.day + 2,
    papers.day + 2
from paper_contracts as papers;

-- Shared credit: the owner with one or two others who were employed on the day of signing.
create or replace temp table contract_credit as
with

drawn as (
    select
        *,
        case
            when u(gk, 'split') < 0.04 then 3 when u(gk, 'split') < 0.15 then 2 else 1
        end as persons,
        u(gk, 'overlay') < 0.05 as has_overlay
    from contracts
    where owner_no is not null and signed_at >= date '2022-01-01'
),

helped as (
    select
        drawn.*,
        second_person.rep_no as second_no,
        third_person.rep_no as third_no
    from drawn
    left join people as second_person
        on
            (drawn.owner_slot + 1 + pick(drawn.gk, 'second', 3)) % $slots = second_person.s
            and drawn.signed_at between second_person.hire and second_person.leave
    left join people as third_person
        on
            (drawn.owner_slot + 4 + pick(drawn.gk, 'third', 3)) % $slots = third_person.s
            and drawn.signed_at between third_person.hire and third_person.leave
),

shares as (
    select
        gk, recorded, signed_at, owner_no as rep_no, 'revenue' as credit_type,
        case
            when persons = 3 and second_no is not null and third_no is not null then 0.3333
            when persons = 2 and second_no is not null then [0.5, 0.6, 0.7][pick(gk, 'half', 3) + 1]
        end as share
    from helped
    union all
    select
        gk, recorded, signed_at, second_no, 'revenue',
        case
            when persons = 3 and third_no is not null then 0.3333
            when persons = 2 then 1 - [0.5, 0.6, 0.7][pick(gk, 'half', 3) + 1]
        end
    from helped
    where second_no is not null
    union all
    select gk, recorded, signed_at, third_no, 'revenue', 0.3333
    from helped
    where persons = 3 and second_no is not null and third_no is not null
    union all
    select gk, recorded, signed_at, third_no, 'overlay', 0.5
    from helped
    where has_overlay and third_no is not null and persons = 1
)

select * from shares
where share is not null;

create or replace temp view e_customers as
select
    customer_id(customers.c) as customer_id,
    case customers.kind
        when
            'chain'
            then
                ['Livs', 'Mathall', 'Torget', 'Närbutiken', 'Storköp', 'Handlarn'][customers.chain % 6 + 1]
                || ' Nord '
                || (customers.chain + 1)
        when 'internal' then 'Utfall Intern ' || customers.country || ' ' || customers.c
        when
            'store'
            then
                ['Livs', 'Mathall', 'Torget', 'Närbutiken', 'Storköp', 'Handlarn'][customers.chain % 6 + 1]
                || ' '
                || customers.city
                || ' '
                || (1 + pick(customers.c, 'number', 40))
        else
            last_names.names[pick(customers.c, 'company', len(last_names.names)) + 1]
            || [' Bygg', ' Konsult', ' Industri', ' Kontor', ' Hotell', ' Logistik', ' Teknik'][
                pick(customers.c, 'line', 7) + 1
            ]
            || case customers.country
                when 'SE' then ' AB' when 'NO' then ' AS' when 'DK' then ' ApS' else ' Oy'
            end
    end as name,
    case customers.country when 'SE' then '55' when 'NO' then '9' when 'DK' then '3' else '2' end
    || lpad(cast(pick(customers.c, 'org', 90000000) as varchar), 8, '0') as org_no,
    case
        when customers.kind = 'store' then customer_id(customers.chain)
        when
            customers.kind = 'b2b' and customers.c > 400 and u(customers.c, 'group') < 0.02
            then customer_id(200 + 100 * pick(customers.c, 'parent', 2) + 50)
    end as parent_customer_id,
    case
        when known(losses.recorded) then 'lost'
        when
            customers.kind in ('store', 'chain', 'internal') or known(first_contracts.recorded)
            then 'customer'
        else 'prospect'
    end as status,
    case customers.kind
        when 'store' then 'grocery' when 'chain' then 'grocery' when 'internal' then 'group'
        else
            ['consulting', 'finance', 'industry', 'construction', 'public', 'hospitality'][
                pick(customers.c, 'business', 6) + 1
            ]
    end as business_category,
    customers.area_id,
    purchase_method_of(customers.c, customers.kind) as purchase_method,
    ['A', 'B', 'B', 'C', 'C', 'C', 'D'][pick(customers.c, 'segment', 7) + 1] as segment,
    cast(
        round(exp(11.6 + 0.8 * gauss(customers.c, 'potential')) / fx(customers.currency), -3) as decimal(18, 4)
    ) as potential_amount,
    customers.currency,
    stamp(customers.created, customers.c) as created_at,
    case
        when
            customers.kind in ('store', 'chain', 'internal')
            then customers.created - pick(customers.c, 'since', 2500)
        when known(first_contracts.recorded) and first_contracts.signed_at < date '2023-01-01'
            then
                first_contracts.signed_at
                - case
                    when u(customers.c, 'first_is_first') < 0.2 then 0 else pick(customers.c, 'since', 3000)
                end
        when known(first_contracts.recorded) then first_contracts.signed_at
    end as customer_since,
    case when known(losses.recorded) then losses.lost_at end as lost_at,
    case
        when
            known(losses.recorded)
            then ['Pris', 'Konkurrent', 'Flyttat', 'Upphört', 'Service'][pick(customers.c, 'why', 5) + 1]
    end as lost_reason,
    case when customers.kind = 'store' then 'field' else 'b2b' end as sales_model,
    cast(
        case customers.kind
            when 'store' then [4, 2, 2, 1][pick(customers.c, 'segment', 4) + 1] when 'b2b' then 1 else 2
        end as integer
    ) as visit_frequency_per_cycle,
    case when known(merged_day) then customer_id(merged_into) end as merged_into_id,
    customers.kind = 'internal' as is_internal,
    customers.created as _created,
    greatest(
        customers.created,
        upto(first_contracts.recorded),
        upto(losses.recorded),
        case when merged_into is not null then upto(merged_day) end
    ) as _changed
from customers
inner join last_names on customers.country = last_names.country
left join first_contracts on customers.c = first_contracts.c
left join losses on customers.c = losses.c;
