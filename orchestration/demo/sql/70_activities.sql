-- What the sellers do, by start day in [$lo, $hi): at most two activities per person and working day,
-- more of them each year as the team learns to log. An activity is booked, sometimes moved or
-- cancelled, held, reported, sometimes corrected.

create or replace macro activity_rate(d) as
least(1.25, 0.36 + 0.26 * (d - date '2023-01-01') / 365.25)
* case month(d) when 7 then 0.7 when 12 then 0.9 else 1.05 end;

-- One seller fills up the months: on the last five working days short meetings with the two oldest
-- customers, all of them reported on the last day.
create or replace temp table padded_days as
select calendar_id, date, last_day
from (
    select
        calendar_id,
        date,
        max(date) over (partition by calendar_id, month_of(date)) as last_day,
        row_number() over (partition by calendar_id, month_of(date) order by date desc) as days_left
    from days
    where is_workday and date >= date '2025-08-01'
)
where days_left <= 5;

create or replace temp table activities as
with

person_days as (
    select
        (people.s * 10000 + (days.date - date '2020-01-01')) * 2 + r.k as a,
        people.s,
        people.t,
        people.rep_no,
        people.kind,
        people.role,
        people.hire,
        days.date as d,
        r.k,
        padded_days.last_day as padded_until
    from people
    inner join days
        on
            people.country = days.calendar_id and days.is_workday
            and days.date >= greatest(date '$lo', date '2023-01-01', people.hire)
            and days.date < date '$hi' and days.date <= people.leave
    left join padded_days
        on
            people.t = 1 and people.position = 2
            and days.calendar_id = padded_days.calendar_id and days.date = padded_days.date
            and padded_days.last_day <= people.leave
    cross join (values (0), (1)) as r (k)
    where
        (
            padded_days.last_day is not null
            or u((people.s * 10000 + (days.date - date '2020-01-01')) * 2 + r.k, 'active')
            < activity_rate(days.date)
            * case when people.is_seller then 1.0 when people.position = 0 then 0.55 else 0.3 end
            * case r.k when 0 then 0.66 else 0.34 end
        )
        and not is_away(people.rep_no, days.date)
),

typed as (
    select
        *,
        case
            when padded_until is not null then 'sales_meeting'
            when kind = 'region' then 'internal'
            when kind = 'field'
                then case
                    when u(a, 'type') < 0.52 then 'sales_meeting' when u(a, 'type') < 0.90 then 'visit'
                    when u(a, 'type') < 0.96 then 'call' else 'internal'
                end
            else case
                when u(a, 'type') < 0.64 then 'sales_meeting' when u(a, 'type') < 0.68 then 'visit'
                when u(a, 'type') < 0.90 then 'call' else 'internal'
            end
        end as type,
        -- A manager meets the customers of the first seller of the team.
        case when role = 'sales_manager' then s + $teams else s end as portfolio_slot
    from person_days
),

booked as (
    select
        *,
        greatest(hire, d - case
            when padded_until is not null then 1
            when type = 'call' then pick(a, 'lead', 2)
            when type = 'visit' then 1 + pick(a, 'lead', 20)
            else 6 + pick(a, 'lead', 32)
        end) as booked_day
    from typed
),

-- A draw that favours the oldest customers, and one among those of before 2023 for a customer that
-- was not there yet when the activity was booked.
drawn as (
    select
        booked.*,
        case
            when booked.padded_until is not null then least(booked.k, sizes.size - 1)
            else cast(floor(pow(u(booked.a, 'customer'), 1.6) * sizes.size) as integer)
        end as first_n,
        case when sizes.old_size > 0 then pick(booked.a, 'customer2', greatest(1, sizes.old_size)) end
            as second_n
    from booked
    left join (select distinct s, size, old_size from portfolios) as sizes on booked.portfolio_slot = sizes.s
),

met as (
    select
        drawn.*,
        case when first_choice.created <= booked_day then first_choice.c else second_choice.c end as c,
        case when padded_until is null then u(a, 'fate') else 1 end as fate,
        coalesce(padded_until, d + crm_lag(a, 'report_lag')) as report_day
    from drawn
    left join portfolios as first_choice
        on drawn.portfolio_slot = first_choice.s and drawn.first_n = first_choice.n
    left join portfolios as second_choice
        on drawn.portfolio_slot = second_choice.s and drawn.second_n = second_choice.n
),

fated as (
    select
        * replace (case when c is null then 'internal' else type end as type),
        case
            when type = 'call' or fate >= 0.145 then 'held'
            when fate < 0.09 then 'cancelled' when fate < 0.11 then 'no_show' when
                fate < 0.125
                then 'forgotten'
            else 'held'
        end as ending
    from met
),

dated as (
    select
        * exclude (c, report_day, first_n, second_n, k),
        case when type <> 'internal' then c end as c,
        case ending
            when 'held' then report_day
            when 'no_show' then d
            when 'cancelled' then booked_day + pick(a, 'cancelled', greatest(1, d - booked_day + 1))
        end as ended_day,
        case
            when ending = 'held' and u(a, 'corrected') < 0.015 then report_day + 4 + pick(a, 'correction', 36)
        end as corrected_day,
        -- Calls and planned meetings entered by mistake; visits stay, audits and orders hang on them.
        case
            when
                type in ('call', 'internal') and u(a, 'mistake') < 0.004
                then report_day + 3 + pick(a, 'removal', 30)
            when
                type = 'sales_meeting' and ending = 'forgotten' and u(a, 'mistake') < 0.3
                then d + 5 + pick(a, 'removal', 30)
        end as removed_day,
        case
            when type = 'sales_meeting' and u(a, 'moved') < 0.06 and d - booked_day >= 14
                then booked_day + 2 + pick(a, 'moving', 4)
        end as moved_day
    from fated
)

select
    *,
    case when moved_day is not null and not known(moved_day) then d - 5 else d end as start_day,
    360 + 15 * pick(a, 'time', 34) as start_minute,
    case
        when padded_until is not null then 10
        when type = 'call' then 10 when type = 'visit' then 20 + 10 * pick(a, 'minutes', 5)
        else 45 + 15 * pick(a, 'minutes', 4)
    end as minutes,
    known(ended_day) and ending <> 'cancelled' and ending <> 'no_show' as is_held,
    known(ended_day) and ending = 'cancelled' as is_cancelled,
    known(ended_day) and ending = 'no_show' as is_no_show,
    known(removed_day) as is_deleted,
    u(a, 'purpose') as purpose_draw,
    greatest(booked_day, upto(moved_day), upto(ended_day), upto(corrected_day), upto(removed_day)) as _changed
from dated
where booked_day <= cut();

-- Deals that a meeting may be about: the oldest of each customer that is open on the day.
create or replace temp table activity_deals as
select activities.a, min(deals.o) as o
from activities
inner join deals
    on
        activities.c = deals.c and activities.booked_day > deals.opened and activities.d < deals.closed
        and not deals.is_double
where activities.type = 'sales_meeting' and u(activities.a, 'about_deal') < 0.6
group by activities.a;

create or replace temp view e_activities as
select
    activity_id(activities.a) as activity_id,
    activities.type,
    customer_id(activities.c) as customer_id,
    case when activities.kind = 'field' then store_id(activities.c) end as store_id,
    opportunity_id(activity_deals.o) as opportunity_id,
    rep_id(activities.rep_no) as owner_rep_id,
    rep_id(activities.rep_no) as booked_by_rep_id,
    start_day + to_minutes(start_minute) as start_at,
    start_day + to_minutes(start_minute + minutes) as end_at,
    case
        when is_held and not (known(corrected_day) and u(activities.a, 'not_held') < 0.1) then 'held'
        when is_held or is_cancelled then 'cancelled' when is_no_show then 'no_show' else 'planned'
    end as status,
    case
        when
            is_held
            then greatest(
                case
                    when padded_until is null then stamp(ended_day, activities.a)
                    else padded_until + to_minutes(962 + activities.a % 10)
                end,
                start_day + to_minutes(start_minute + minutes + 5)
            )
    end as held_reported_at,
    case when is_held and type = 'call' then start_day + to_minutes(start_minute + minutes) end
        as completed_at,
    case when type = 'call' then contact_id(activities.c * 10) end as contact_id,
    is_held
    and type in ('visit', 'sales_meeting')
    and activities.kind = 'field'
    and u(activities.a, 'located') < 0.8 as is_geolocated,
    case when is_held and type = 'visit' then start_day + to_minutes(start_minute - 3) end as check_in_at,
    case when is_held and type = 'visit' then start_day + to_minutes(start_minute + minutes + 4) end
        as check_out_at,
    case when prepared.is_prepared then 'Öka andelen i kategorin' end as prep_goal,
    case when prepared.is_prepared then 'Visa jämförelse med liknande kunder' end as prep_tactic,
    case
        when
            prepared.is_prepared and u(activities.a, 'insight') < 0.8
            then 'Kategorin växer snabbare än hos kunden'
    end as prep_insight,
    case
        when prepared.is_prepared and u(activities.a, 'fallback') < 0.6 then 'Föreslå ett prov i tre månader'
    end as prep_fallback,
    case when prepared.is_prepared then start_day - to_minutes(60 + pick(activities.a, 'prepared', 900)) end
        as prep_completed_at,
    case when is_held and type in ('sales_meeting', 'visit') then u(activities.a, 'next') < 0.55 end
        as next_step_agreed,
    case
        when
            is_held and type = 'sales_meeting'
            then
                cast(
                    least(
                        5,
                        1 + pick(activities.a, 'score', 5) + case when known(corrected_day) then 1 else 0 end
                    ) as integer
                )
    end as evaluation_score,
    case when is_held and type = 'sales_meeting' then u(activities.a, 'delivered') < 0.5 end
        as insight_delivered,
    case
        when
            is_held and type = 'sales_meeting' and u(activities.a, 'gap') < 0.12
            then ['Förhandling', 'Produktkunskap', 'Frågeteknik'][pick(activities.a, 'gap_kind', 3) + 1]
    end as skill_gap,
    case when type = 'visit' then visit_purpose(purpose_draw) end as purpose,
    case
        when
            type = 'call'
            then case when u(activities.a, 'direction') < 0.8 then 'outbound' else 'inbound' end
    end as direction,
    case when type = 'call' and is_held then u(activities.a, 'connected') < 0.7 end as is_connected,
    activities.a as _order,
    booked_day as _created,
    _changed,
    is_deleted
from activities
left join activity_deals on activities.a = activity_deals.a
left join (
    -- Preparation is registered with the report. For a year after a training one prepares more often.
    select
        activities.a,
        is_held
        and type = 'sales_meeting'
        and padded_until is null
        and u(activities.a, 'prepares') < case when training.a is null then 0.62 else 0.92 end
            as is_prepared
    from activities
    left join (
        select distinct activities.a
        from activities
        inner join trained
            on
                activities.rep_no = trained.rep_no
                and activities.d > trained.day
                and activities.d <= trained.day + 365
    ) as training on activities.a = training.a
) as prepared on activities.a = prepared.a;

create or replace temp view e_activity_participants as
with

invited as (
    select a, 'rep' as participant_type, rep_id(rep_no) as participant_id, 'owner' as role, 0.01 as absence
    from activities
    union all
    select activities.a, 'rep', rep_id(people.rep_no), 'manager', 0.1
    from activities
    inner join people
        on
            activities.t = people.s and activities.s <> people.s
            and activities.booked_day >= people.hire and activities.d <= people.leave
    where u(activities.a, 'with_manager') < 0.08 and activities.kind <> 'region' and padded_until is null
    union all
    select activities.a, 'rep', rep_id(people.rep_no), 'colleague', 0.05
    from activities
    inner join people
        on
            (activities.s + 1) % $slots = people.s and activities.s <> people.s and people.is_seller
            and activities.booked_day >= people.hire and activities.d <= people.leave
    where
        u(activities.a, 'with_colleague') < 0.07
        and activities.type = 'sales_meeting'
        and padded_until is null
    union all
    select activities.a, 'contact', contact_id(contacts.k), 'guest', 0.06
    from activities
    inner join contacts on activities.c = contacts.c
    where
        u(activities.a * 10 + contacts.j, 'invited')
        < case activities.type
            when 'sales_meeting' then case contacts.j when 0 then 0.75 else 0.35 end
            when 'visit' then 0.45 else 0
        end
)

select
    activity_id(invited.a) as activity_id,
    invited.participant_type,
    invited.participant_id,
    invited.role,
    case
        when activities.is_held then u(hash(invited.a, invited.participant_id), 'attended') >= invited.absence
    end as attended,
    activities.booked_day as _created,
    case
        when activities.is_deleted or activities.is_held
            then
                greatest(
                    activities.booked_day,
                    case when activities.is_held then activities.ended_day end,
                    upto(activities.removed_day)
                )
        else activities.booked_day
    end as _changed,
    activities.is_deleted
from invited
inner join activities on invited.a = activities.a;
