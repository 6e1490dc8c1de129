-- Regions, teams and people. A slot is a place in the organisation; people follow each other in it,
-- with a vacancy between.

create or replace temp table holidays as select * from (values $holidays) as h (calendar_id, date);

create or replace temp table days as
select
    countries.calendar_id,
    cast(days.day as date) as date,
    isodow(days.day) < 6 and holidays.date is null as is_workday
from generate_series(date '2022-01-01', horizon(), interval 1 day) as days (day)
cross join (values ('SE'), ('DK'), ('NO')) as countries (calendar_id)
left join holidays
    on countries.calendar_id = holidays.calendar_id and cast(days.day as date) = holidays.date;

create or replace temp table regions as
select * from (values (1, 'SE', 'Region Sverige'), (2, 'NO', 'Region Norge'), (3, 'DK', 'Region Danmark'))
as r (region, country, name);

create or replace temp table teams as
select
    t,
    case when t % 8 = 7 then 'kam' when t % 2 = 1 then 'b2b' else 'field' end as kind,
    case when t % 8 = 7 then 'SE' else ['SE', 'NO', 'SE', 'DK'][(t // 2) % 4 + 1] end as country,
    -- One team was moved to another region when the organisation changed.
    t % 8 = 4 as is_moved
from range($teams) as r (t);

create or replace temp table slots as
select
    cast(s as integer) as s,
    cast(s % $teams as integer) as t,
    cast(s // $teams as integer) as position,
    teams.kind,
    teams.country,
    case
        when s // $teams = 0 then 'sales_manager'
        when teams.kind = 'kam' or (teams.kind = 'b2b' and s // $teams = 1) then 'kam'
        else 'rep'
    end as role,
    s // $teams > 0 as is_seller
from range($slots) as r (s)
inner join teams on r.s % $teams = teams.t
union all
-- Region managers belong to the first team of their region, or of the company.
select
    cast($slots + regions.region - 1 as integer),
    cast(coalesce(min(teams.t), 0) as integer),
    -1,
    'region',
    regions.country,
    'region_manager',
    false
from regions
left join teams on regions.country = teams.country
group by regions.region, regions.country;

create or replace temp table first_names as
select * from (values
    ('SE', ['Anna', 'Erik', 'Maria', 'Lars', 'Karin', 'Johan', 'Elin', 'Oskar', 'Sara', 'Nils', 'Ebba', 'Åke']),
    ('NO', ['Ingrid', 'Ola', 'Kari', 'Håkon', 'Silje', 'Magnus', 'Astrid', 'Sindre', 'Nora', 'Øyvind']),
    ('DK', ['Mette', 'Søren', 'Freja', 'Mads', 'Signe', 'Rasmus', 'Ida', 'Jens', 'Kirsten', 'Bjørn']),
    ('FI', ['Aino', 'Eero', 'Helmi', 'Jukka', 'Kaisa', 'Mikko', 'Päivi', 'Timo', 'Venla', 'Ville'])
) as n (country, names);

create or replace temp table last_names as
select * from (values
    ('SE', ['Andersson', 'Bergström', 'Dahl', 'Ek', 'Forsberg', 'Gustafsson', 'Holm', 'Lindqvist', 'Nyström', 'Sjöberg', 'Wallin', 'Åberg', 'Öhman']),
    ('NO', ['Aasen', 'Bakke', 'Dahle', 'Haugen', 'Lie', 'Moen', 'Nygård', 'Solberg', 'Strand', 'Ødegård']),
    ('DK', ['Andersen', 'Bruun', 'Friis', 'Holst', 'Jensen', 'Kjær', 'Lund', 'Nørgaard', 'Skov', 'Vestergaard']),
    ('FI', ['Aalto', 'Heikkinen', 'Järvinen', 'Korhonen', 'Laine', 'Mäkelä', 'Nieminen', 'Salonen', 'Virtanen'])
) as n (country, names);


-- Who sat in a slot from when to when. hire is a Monday, leave the last day at work.
create or replace temp table people as
with

first_person as (
    select
        *,
        weekday(case
            when position > 1 and u(s, 'start') < 0.12
                then date '2023-02-01' + pick(s, 'started', 850)
            else date '2010-01-01' + pick(s, 'hired', 4500)
        end) as hire,
        case when is_seller then 0.12 else 0.05 end as rate
    from slots
),

first_left as (
    select
        *,
        greatest(hire + 240, date '2023-01-15')
        + cast(waiting_years(s, 'leave0', rate) * 365 as integer) as leave
    from first_person
),

second as (
    select
        * replace (
            weekday(leave + 14 + pick(s, 'gap1', 50)) as hire,
            weekday(leave + 14 + pick(s, 'gap1', 50))
            + 300 + cast(waiting_years(s, 'leave1', rate) * 365 as integer) as leave
        )
    from first_left
),

third as (
    select
        * replace (
            weekday(leave + 14 + pick(s, 'gap2', 50)) as hire,
            weekday(leave + 14 + pick(s, 'gap2', 50))
            + 300 + cast(waiting_years(s, 'leave2', rate) * 365 as integer) as leave
        )
    from second
),

fourth as (
    select
        * replace (
            weekday(leave + 14 + pick(s, 'gap3', 50)) as hire,
            date '2099-12-31' as leave
        )
    from third
),

everybody as (
    select *, 0 as g from first_left
    union all
    select *, 1 from second
    union all
    select *, 2 from third
    union all
    select *, 3 from fourth
),

moves as (
    select
        *,
        date '2023-06-01' + pick(s * 10 + g, 'move', 1800) as move_day,
        (t + 2) % $teams as other_team
    from everybody
    where hire <= horizon()
)

select
    moves.* exclude (move_day, other_team, rate),
    s + 1 + g * $all_slots as rep_no,
    case
        when
            moves.is_seller and u(moves.s * 10 + moves.g, 'moves') < 0.14
            and other.kind = moves.kind and other.t <> moves.t
            and move_day > hire + 60 and move_day < leave - 60
            then move_day
    end as moved_on,
    other.t as moved_to
from moves
left join teams as other on moves.other_team = other.t;

-- Registered ten days before the first day at work; a departure thirty days before the last.
create or replace temp table team_spans as
select
    rep_no,
    s,
    g,
    t,
    hire as valid_from,
    coalesce(moved_on, leave + 1) as valid_to,
    hire - 10 as recorded,
    case when moved_on is null then leave - 30 else moved_on - 5 end as end_recorded
from people
union all
select rep_no, s, g, moved_to, moved_on, leave + 1, moved_on - 5, leave - 30
from people
where moved_on is not null;

create or replace temp table manager_spans as
with

superiors as (
    select
        spans.rep_no,
        spans.valid_from,
        spans.valid_to,
        spans.end_recorded,
        case
            when people.role = 'sales_manager'
                then $slots + regions.region - 1
            when people.position <> -1 then spans.t
        end as manager_slot
    from team_spans as spans
    inner join people on spans.rep_no = people.rep_no
    inner join teams on spans.t = teams.t
    inner join regions on teams.country = regions.country
)

select
    superiors.rep_no,
    managers.rep_no as manager_no,
    greatest(superiors.valid_from, managers.hire) as valid_from,
    least(superiors.valid_to, managers.leave + 1) as valid_to,
    greatest(superiors.valid_from, managers.hire) - 5 as recorded,
    case
        when superiors.valid_to <= managers.leave + 1 then superiors.end_recorded
        else managers.leave - 30
    end as end_recorded
from superiors
inner join people as managers
    on
        superiors.manager_slot = managers.s
        and managers.hire < superiors.valid_to
        and managers.leave >= superiors.valid_from;

create or replace temp view e_regions as
select
    'REG' || region as region_id,
    name,
    date '2022-01-03' as _created,
    date '2022-01-03' as _changed
from regions;

create or replace temp view e_teams as
select
    team_id(teams.t) as team_id,
    'REG' || case
        when teams.is_moved and cut() >= date '2025-01-01' then 1
        when teams.is_moved then 3
        else regions.region
    end as region_id,
    case teams.kind when 'field' then 'Butik ' when 'b2b' then 'Företag ' else 'Nyckelkund ' end
    || teams.country || ' ' || (teams.t + 1) as name,
    date '2022-01-03' as _created,
    case when teams.is_moved then greatest(date '2022-01-03', upto(date '2024-12-16'))
        else date '2022-01-03' end as _changed
from teams
inner join regions on teams.country = regions.country;

create or replace temp view e_team_regions as
select
    team_id(teams.t) as team_id,
    date '2010-01-01' as valid_from,
    'REG' || case when teams.is_moved then 3 else regions.region end as region_id,
    date '2022-01-03' as _created,
    date '2022-01-03' as _changed
from teams
inner join regions on teams.country = regions.country
union all
select team_id(t), date '2025-01-01', 'REG1', date '2024-12-16', date '2024-12-16'
from teams
where is_moved;

create or replace temp view e_reps as
select
    rep_id(people.rep_no) as rep_id,
    first_names.names[pick(people.rep_no, 'first', len(first_names.names)) + 1] || ' '
    || last_names.names[pick(people.rep_no, 'last', len(last_names.names)) + 1] as name,
    lower(rep_id(people.rep_no)) || '@utfall.example' as email,
    people.role,
    rep_id(managers.manager_no) as manager_rep_id,
    people.hire as hire_date,
    case when known(people.leave - 30) then people.leave end as leave_date,
    cast([1, 1, 1, 1, 1, 1, 1, 0.8, 0.9, 0.5][pick(people.rep_no, 'fte', 10) + 1] as decimal(18, 4)) as fte,
    people.country,
    people.country as calendar_id,
    case when support.day is not null then support.day end as management_support_from,
    case when support.day is not null then support.day + 90 end as management_support_to,
    case people.kind when 'field' then 'butik' when 'region' then 'ledning' else 'företag' end
        as reward_group,
    people.hire - 10 as _created,
    greatest(
        people.hire - 10, upto(people.leave - 30), managers.recorded, support.day - 7
    ) as _changed
from people
inner join first_names on people.country = first_names.country
inner join last_names on people.country = last_names.country
left join (
    select rep_no, max(manager_no) as manager_no, max(recorded) as recorded
    from manager_spans
    where valid_from <= cut() and valid_to > cut() and recorded <= cut()
    group by rep_no
) as managers on people.rep_no = managers.rep_no
left join (
    select rep_no, hire + 400 + pick(rep_no, 'support', 900) as day
    from people
    where u(rep_no, 'supported') < 0.12
) as support on people.rep_no = support.rep_no and support.day - 7 <= cut() and support.day < people.leave;

create or replace temp view e_rep_team_assignments as
select
    rep_id(rep_no) as rep_id,
    valid_from,
    case when known(end_recorded) and valid_to < date '2099-01-01' then valid_to end as valid_to,
    team_id(t) as team_id,
    recorded as _created,
    greatest(recorded, upto(end_recorded)) as _changed
from team_spans;

create or replace temp view e_rep_managers as
select
    rep_id(rep_no) as rep_id,
    valid_from,
    case when known(end_recorded) and valid_to < date '2099-01-01' then valid_to end as valid_to,
    rep_id(manager_no) as manager_rep_id,
    recorded as _created,
    greatest(recorded, upto(end_recorded)) as _changed
from manager_spans;

create or replace temp view e_calendar as
select calendar_id, date, is_workday, date '2022-01-03' as _created, date '2022-01-03' as _changed
from days;

-- Three weeks in July and August, and single days of illness.
create or replace macro is_away(person, d) as
    (
        week(d) - 27 between pick(person * 10000 + year(d), 'holiday', 4)
        and pick(person * 10000 + year(d), 'holiday', 4) + 2
    )
    or u(person * 100000 + (d - date '2020-01-01'), 'ill') < 0.02;

create or replace temp view e_rep_absences as
select
    rep_id(people.rep_no) as rep_id,
    days.date,
    cast(8 as decimal(18, 4)) as hours,
    case when week(days.date) between 27 and 33 then days.date - 40 else days.date end as _created,
    case when week(days.date) between 27 and 33 then days.date - 40 else days.date end as _changed
from people
inner join days
    on
        people.country = days.calendar_id
        and days.is_workday
        and days.date between greatest(people.hire + 41, date '2023-01-01') and people.leave
where is_away(people.rep_no, days.date) and days.date <= cut() + 60;

create or replace temp view e_rep_costs as
select
    rep_id(people.rep_no) as rep_id,
    months.month,
    kinds.cost_type,
    cast(round(
        kinds.share * (42000 + pick(people.rep_no, 'salary', 24000))
        * pow(1.03, year(months.month) - 2023)
        * case
            when kinds.cost_type in ('expense', 'other')
                then 0.6 + 0.8 * u(people.rep_no * 1000 + month_index(months.month), kinds.cost_type)
            else 1
        end
        / fx(currencies.currency), 2
    ) as decimal(18, 4)) as amount,
    currencies.currency,
    months.month + 35 as _created,
    months.month + 35 as _changed
from people
inner join (
    select cast(m as date) as month
    from generate_series(date '2023-01-01', horizon(), interval 1 month) as r (m)
) as months on months.month <= people.leave and months_later(months.month, 1) > people.hire
cross join (values ('salary', 1.0), ('tax', 0.3142), ('expense', 0.16), ('other', 0.08)) as kinds (cost_type, share)
inner join (values ('SE', 'SEK'), ('NO', 'NOK'), ('DK', 'DKK')) as currencies (country, currency)
    on people.country = currencies.country
where months.month + 35 <= cut();

-- Four courses a year, each on one day: two for those who sell to companies, two for those who sell
-- in stores. About half of the sellers take part in one of them.
create or replace temp table courses as
select
    years.y,
    courses.n,
    courses.is_field,
    courses.topic,
    'TR' || years.y || '-' || courses.n as training_id,
    weekday(make_date(years.y, courses.month, 6) + pick(years.y * 10 + courses.n, 'course', 15)) as day
from (select cast(y as integer) as y from range(2023, 2029) as r (y)) as years
cross join (values
    (1, false, 3, 'Behovsanalys'), (2, false, 9, 'Förhandling'), (3, true, 10, 'Butiksdialog'),
    (4, true, 4, 'Insiktsförsäljning')
) as courses (n, is_field, month, topic);

create or replace temp table trained as
select people.rep_no, courses.*
from people
inner join courses
    on
        (people.kind = 'field') = courses.is_field
        and (people.rep_no + courses.y + pick(people.rep_no, 'course', 2)) % 2 = courses.n % 2
where
    people.is_seller
    and u(people.rep_no * 100 + courses.y - 2000, 'trained') < 0.55
    and courses.day between people.hire + 60 and people.leave - 200;

create or replace temp view e_training_events as
select
    rep_id(rep_no) as rep_id,
    training_id,
    day as date,
    topic,
    cast(6 + 3 * (n % 2) as decimal(18, 4)) as hours,
    day as _created,
    day as _changed
from trained;

create or replace temp view e_exchange_rates as
select
    rates.currency,
    days.date,
    'daily' as rate_type,
    cast(round(
        fx(rates.currency)
        * (
            1 + 0.025 * sin((days.date - date '2019-01-01') / 190.0 + rates.phase)
            + 0.012 * sin((days.date - date '2019-01-01') / 47.0 + 2 * rates.phase)
            + 0.003 * (u((days.date - date '2019-01-01') * 10 + rates.phase, 'rate') - 0.5)
        ), 6
    ) as decimal(18, 10)) as rate,
    days.date as _created,
    days.date as _changed
from (
    select cast(d as date) as date
    from generate_series(date '2019-01-02', horizon(), interval 1 day) as r (d)
) as days
left join holidays on holidays.calendar_id = 'SE' and days.date = holidays.date
cross join (values ('NOK', 1), ('DKK', 2), ('EUR', 3)) as rates (currency, phase)
where isodow(days.date) < 6 and holidays.date is null
union all
select
    currency,
    make_date(cast(y as integer), 1, 1),
    'budget',
    cast(round(fx(currency) * (1 + 0.02 * (u(y * 10 + len(currency), currency) - 0.5)), 4) as decimal(18, 10)),
    make_date(cast(y as integer) - 1, 11, 15),
    make_date(cast(y as integer) - 1, 11, 15)
from range(2019, 2029) as r (y)
cross join (values ('NOK'), ('DKK'), ('EUR')) as c (currency);
