-- Customers, who owns them, and the people there. c numbers customers in the order of creation;
-- new ones come in at the same pace for ever.

create or replace temp table cities as
select * from (
    values
    (
        'SE',
        [
            'Stockholm',
            'Göteborg',
            'Malmö',
            'Uppsala',
            'Umeå',
            'Örebro',
            'Växjö',
            'Luleå',
            'Norrköping',
            'Kalmar'
        ]
    ),
    ('NO', ['Oslo', 'Bergen', 'Trondheim', 'Tromsø', 'Ålesund', 'Bodø']),
    ('DK', ['København', 'Aarhus', 'Odense', 'Aalborg', 'Næstved', 'Køge']),
    ('FI', ['Helsingfors', 'Åbo', 'Tammerfors', 'Vasa', 'Jyväskylä'])
) as c (country, names);

create or replace temp table area_list as
select
    country || '-' || direction as area_id,
    names.name || ' ' || direction as name,
    country as parent_id
from
    (values ('SE', 'Sverige'), ('NO', 'Norge'), ('DK', 'Danmark'), ('FI', 'Finland')) as names (country, name)
cross join (values ('N'), ('S'), ('V'), ('O')) as directions (direction)
union all
select country, name, null
from
    (values ('SE', 'Sverige'), ('NO', 'Norge'), ('DK', 'Danmark'), ('FI', 'Finland')) as names (country, name);

create or replace temp table customers as
with

kinds as (
    select
        c,
        case
            when c < $chains then 'chain'
            when c < $chains + 5 then 'internal'
            when c % 100 < 18 then 'store'
            else 'b2b'
        end as kind,
        case
            when
                c < $old_customers
                then date '2012-01-02' + cast(floor(c * 4000.0 / $old_customers) as integer)
            else date '2023-01-01' + cast(floor((c - $old_customers) / $new_per_day) as integer)
        end as created,
        cast(c % $chains as integer) as chain
    from range($customers) as r (c)
),

places as (
    select
        *,
        case
            when kind in ('chain', 'store') then ['SE', 'NO', 'SE', 'DK'][chain % 4 + 1]
            when u(c, 'country') < 0.58 then 'SE'
            when u(c, 'country') < 0.78 then 'NO'
            when u(c, 'country') < 0.94 then 'DK'
            else 'FI'
        end as country
    from kinds
)

select
    places.*,
    case places.country when 'SE' then 'SEK' when 'NO' then 'NOK' when 'DK' then 'DKK' else 'EUR' end
        as currency,
    places.country || '-' || ['N', 'S', 'V', 'O'][pick(c, 'area', 4) + 1] as area_id,
    cities.names[pick(c, 'city', len(cities.names)) + 1] as city,
    c >= $old_customers as is_new,
    -- A company that was entered twice: merged into an earlier one of the same kind. Three in a
    -- thousand always, so that a small company has some.
    case
        when
            kind = 'b2b' and c >= 145 and c % 100 >= 18
            and (u(c, 'double') < 0.01 or c % 1000 in (150, 151, 152))
            and u(c - 100, 'double') >= 0.01 and (c - 100) % 1000 not in (150, 151, 152)
            then c - 100
    end as merged_into,
    greatest(created, date '2022-12-01') + 20 + pick(c, 'merged', 1500) as merged_day,
    case
        when kind = 'store' and u(c, 'closed') < 0.05 then date '2023-03-01' + pick(c, 'closing', 2000)
    end as closed_day,
    -- Stores that stop ordering for more than a year and come back.
    case
        when kind = 'store' and u(c, 'pause') < 0.06 then date '2023-02-01' + pick(c, 'paused', 1300)
    end as pause_from,
    380 + pick(c, 'pause_length', 200) as pause_days
from places
inner join cities on places.country = cities.country;

-- The slots that may own a kind of customer in a country: the best match there is.
create or replace temp table pools as
with

wanted as (
    select kind, country
    from (values ('store'), ('b2b'), ('chain'), ('kam')) as k (kind)
    cross join (values ('SE'), ('NO'), ('DK'), ('FI')) as c (country)
),

matched as (
    select
        wanted.kind,
        wanted.country,
        slots.s,
        rank() over (
            partition by wanted.kind, wanted.country
            order by
                case
                    when wanted.kind = 'store' then slots.kind = 'field'
                    when wanted.kind = 'b2b' then slots.kind in ('b2b', 'kam')
                    else slots.role = 'kam'
                end desc,
                wanted.kind in ('store', 'b2b') and slots.country = wanted.country desc
        ) as place
    from wanted
    cross join slots
    where slots.is_seller
)

select
    kind,
    country,
    s,
    cast(row_number() over (partition by kind, country order by s) - 1 as integer) as n,
    cast(count(*) over (partition by kind, country) as integer) as size
from matched
where place = 1;

create or replace temp table pool_sizes as select distinct kind, country, size from pools;

create or replace temp table owners as
select
    customers.c,
    customers.kind,
    customers.created,
    first_pool.s as first_slot,
    second_pool.s as second_slot,
    date '2023-03-01' + pick(customers.c, 'handover', 2000) as handover,
    u(customers.c, 'handed_over') < 0.08 and second_pool.s <> first_pool.s as is_handed_over
from customers
inner join pool_sizes on customers.kind = pool_sizes.kind and customers.country = pool_sizes.country
inner join pools as first_pool
    on
        customers.kind = first_pool.kind and customers.country = first_pool.country
        and pick(customers.c, 'owner', pool_sizes.size) = first_pool.n
inner join pools as second_pool
    on
        customers.kind = second_pool.kind and customers.country = second_pool.country
        and (pick(customers.c, 'owner', pool_sizes.size) + 1) % pool_sizes.size = second_pool.n;

create or replace temp table slot_spans as
select
    c, first_slot as s, 'owner' as role, created as from_day,
    case when is_handed_over and handover > created then handover else date '2099-12-31' end as to_day
from owners
union all
select c, second_slot, 'owner', handover, date '2099-12-31'
from owners
where is_handed_over and handover > created
union all
-- About one customer in ten has a key account manager: often the owner himself.
select
    owners.c,
    case when slots.role = 'kam' then owners.first_slot else pools.s end,
    'kam',
    greatest(owners.created + 30, date '2022-01-10' + pick(owners.c, 'kam_from', 900)),
    date '2099-12-31'
from owners
inner join slots on owners.first_slot = slots.s
inner join
    pools
    on pools.kind = 'kam' and pools.country = 'SE' and pick(owners.c, 'kam', pools.size) = pools.n
where
    owners.kind = 'chain'
    or (owners.kind = 'b2b' and slots.role = 'kam' and u(owners.c, 'is_kam') < 0.28)
    or (owners.kind = 'b2b' and slots.role <> 'kam' and u(owners.c, 'is_kam') < 0.04)
union all
select owners.c, pools.s, 'service', owners.created + 60, date '2099-12-31'
from owners
inner join
    pools
    on pools.kind = 'store' and pools.country = 'SE' and pick(owners.c, 'service', pools.size) = pools.n
where owners.kind = 'b2b' and u(owners.c, 'is_service') < 0.03;

-- A boundary between two people is registered once, so that a customer never has two owners.
create or replace temp table spans as
select
    slot_spans.c,
    slot_spans.role,
    slot_spans.s,
    people.rep_no,
    greatest(slot_spans.from_day, people.hire) as valid_from,
    least(slot_spans.to_day, people.leave + 1) as valid_to,
    greatest(slot_spans.from_day, people.hire)
    + pick(hash(slot_spans.c, greatest(slot_spans.from_day, people.hire)), 'span', 3) as recorded,
    least(slot_spans.to_day, people.leave + 1)
    + pick(hash(slot_spans.c, least(slot_spans.to_day, people.leave + 1)), 'span', 3) as end_recorded
from slot_spans
inner join people
    on
        slot_spans.s = people.s
        and people.hire < slot_spans.to_day
        and people.leave >= slot_spans.from_day
-- The extracts do not reach back to who owned a customer before 2020.
where least(slot_spans.to_day, people.leave + 1) > date '2020-01-01';

create or replace temp view e_customer_assignments as
select
    customer_id(c) as customer_id,
    rep_id(rep_no) as rep_id,
    role,
    valid_from,
    case when known(end_recorded) and valid_to < date '2099-01-01' then valid_to end as valid_to,
    recorded as _created,
    greatest(recorded, upto(end_recorded)) as _changed
from spans;

-- The customers of a slot, oldest first: hashes that favour small n give loyal customers.
create or replace temp table portfolios as
select
    s,
    c,
    created,
    kind,
    cast(row_number() over (partition by s order by c) - 1 as integer) as n,
    cast(count(*) over (partition by s) as integer) as size,
    cast(count(*) filter (where created < date '2022-12-01') over (partition by s) as integer) as old_size
from (
    select first_slot as s, owners.c, owners.created, owners.kind
    from owners
    inner join customers on owners.c = customers.c
    where customers.merged_into is null and customers.closed_day is null
);

create or replace temp view e_areas as
select *, date '2022-01-03' as _created, date '2022-01-03' as _changed from area_list;

create or replace temp view e_business_categories as
select *, date '2022-01-03' as _created, date '2022-01-03' as _changed
from (
    values
    ('retail', 'Detaljhandel', null), ('grocery', 'Dagligvaruhandel', 'retail'),
    ('services', 'Tjänster', null), ('consulting', 'Konsulter', 'services'),
    ('finance', 'Bank och försäkring', 'services'), ('industry', 'Industri', null),
    ('construction', 'Bygg', 'industry'), ('public', 'Offentlig sektor', null),
    ('hospitality', 'Hotell och restaurang', null), ('group', 'Egen koncern', null)
) as b (business_category, name, parent_id);

create or replace temp view e_purchase_methods as
select *, date '2022-01-03' as _created, date '2022-01-03' as _changed
from (
    values
    ('direct', 'Direktköp', null), ('framework', 'Ramavtal', null),
    ('tender', 'Upphandling', 'framework'), ('central_listing', 'Central listning', null),
    ('wholesale', 'Via grossist', null)
) as b (purchase_method, name, parent_id);

create or replace macro purchase_method_of(c, kind) as case
    when
        kind in ('store', 'chain')
        then ['central_listing', 'central_listing', 'wholesale', 'direct'][pick(c, 'method', 4) + 1]
    else ['direct', 'direct', 'direct', 'framework', 'tender'][pick(c, 'method', 5) + 1]
end;

create or replace temp table contacts as
select
    customers.c,
    people.j,
    customers.c * 10 + people.j as k,
    customers.country,
    customers.created
from customers
cross join (select cast(j as integer) as j from range(4) as r (j)) as people
where
    customers.kind <> 'internal'
    and people.j < case customers.kind when 'store' then 1 + pick(customers.c, 'people', 2) else 2 + pick(customers.c, 'people', 3) end;

create or replace macro contact_id(k) as 'CP' || lpad(cast(k as varchar), 8, '0');

create or replace temp view e_contacts as
select
    contact_id(contacts.k) as contact_id,
    contacts.created as valid_from,
    cast(null as date) as valid_to,
    customer_id(contacts.c) as customer_id,
    first_names.names[pick(contacts.k, 'first', len(first_names.names)) + 1] || ' '
    || last_names.names[pick(contacts.k, 'last', len(last_names.names)) + 1] as name,
    ['Inköpschef', 'VD', 'Butikschef', 'Kontorschef', 'Driftchef', 'Ekonomichef'][
        pick(contacts.k, 'title', 6) + 1
    ] as title,
    ['decision_maker', 'influencer', 'user', 'buyer', 'gatekeeper', 'other'][
        pick(contacts.k, 'buying', 6) + 1
    ] as buying_role,
    contacts.j = 0 or u(contacts.k, 'decides') < 0.2 as is_decision_maker,
    u(contacts.k, 'mobilizer') < 0.15 as is_mobilizer,
    u(contacts.k, 'deselected') < 0.04 as is_deselected,
    case when u(contacts.k, 'engagement') < 0.3 then 'Träffa varje kvartal' end as engagement_plan,
    contacts.created as _created,
    contacts.created as _changed
from contacts
inner join first_names on contacts.country = first_names.country
inner join last_names on contacts.country = last_names.country;
