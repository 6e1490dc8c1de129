-- Sales periods, budgets, key figures, profiles and check-points, as the sales management enters them.

create or replace temp table quarters as
select cast(q as date) as q, months_later(cast(q as date), 3) as q_end
from generate_series(date '2023-01-01', horizon(), interval 3 month) as r (q);

create or replace temp view e_sales_periods as
select
    'SP-' || year(q) || 'Q' || quarter(q) as sales_period_id,
    'Säljperiod ' || year(q) || ' kvartal ' || quarter(q) as name,
    q as start_date,
    q_end as end_date_excl,
    cast(null as varchar) as team_id,
    q - 45 as _created,
    q - 45 as _changed
from quarters
union all
-- The first team works in cycles of eight weeks.
select
    'SP-T001-' || lpad(cast(n + 1 as varchar), 2, '0'),
    'Besökscykel ' || (n + 1),
    date '2023-01-02' + cast(n * 56 as integer),
    date '2023-01-02' + cast((n + 1) * 56 as integer),
    team_id(0),
    date '2023-01-02' + cast(n * 56 as integer) - 45,
    date '2023-01-02' + cast(n * 56 as integer) - 45
from range(38) as r (n);

-- Some sellers look for new business and more of it only; in the stores nobody does.
create or replace temp view e_rep_channels as
select
    rep_id(people.rep_no) as rep_id,
    channels.channel,
    people.hire as valid_from,
    cast(null as date) as valid_to,
    people.hire - 10 as _created,
    people.hire - 10 as _changed
from people
inner join (values ('field', 'renewal'), ('hunter', 'new'), ('hunter', 'upsell')) as channels (who, channel)
    on channels.who = case
        when people.kind = 'field' then 'field' when u(people.rep_no, 'hunter') < 0.08 then 'hunter'
    end
where people.is_seller;

create or replace temp view e_renewal_rates as
select
    quarters.q as period,
    categories.product_category,
    cast(round(0.86 + 0.08 * u(categories.n, 'renewal_rate'), 2) as decimal(18, 10)) as expected_rate,
    quarters.q - 45 as _created,
    quarters.q - 45 as _changed
from quarters
cross join categories;

create or replace temp view e_monthly_distributions as
select
    'seasonal' as distribution_id,
    cast(month_no as integer) as month_no,
    cast([6, 7, 8, 8, 9, 9, 4, 7, 10, 11, 11, 10][cast(month_no as integer)] as decimal(18, 10)) as weight,
    date '2022-11-15' as _created,
    date '2022-11-15' as _changed
from range(1, 13) as r (month_no);

create or replace temp table plan_years as
select
    cast(y as integer) as y,
    make_date(cast(y as integer) - 1, 11, 20) as planned,
    make_date(cast(y as integer) - 1, 12, 15) as approved,
    make_date(cast(y as integer), 1, 2) as locked
from range(2024, 2029) as r (y);

-- What runs on the day a year is planned, in kronor a year, as far as is known that day.
create or replace temp table contract_books as
select
    plan_years.y,
    coalesce(sum(contract_lines.annual_value * fx(contract_lines.currency)), 0) as book
from plan_years
left join contracts
    on
        contracts.recorded <= plan_years.planned
        and contracts.start_day <= plan_years.planned
        and (contracts.runs_on or months_later(contracts.start_day, contracts.term) > plan_years.planned)
        and (
            contracts.left_month is null
            or contracts.notice_recorded > plan_years.planned
            or contracts.exit_day > plan_years.planned
        )
left join contract_lines on contracts.gk = contract_lines.gk
group by plan_years.y;

-- Teams that visit stores, and those that sell to companies; key accounts are looked after by a team
-- of their own where the company has one.
create or replace temp table team_lists as
select
    string_agg('"' || team_id(t) || '"', ', ' order by t) filter (where kind = 'field') as field_teams,
    '"' || team_id(coalesce(min(t) filter (where kind = 'kam'), min(t) filter (where kind = 'b2b')))
    || '"' as key_account_team,
    count(*) filter (where kind <> 'field') as business_teams
from teams;

-- The plan of a year: what the company wants of each budget type, and how that is divided. Volumes
-- are wanted as shares of the contracts that run, everything else as a size at scale 1 in 2026. What
-- is left open is worked out: renewals from what falls due, new business as the rest of the company's
-- volume, and meetings from the margin that each of them brings in.
create or replace temp table budget_plan as
select
    plan.*,
    plan_years.y,
    plan_years.planned,
    plan_years.approved,
    case when plan.is_locked then plan_years.locked end as locked,
    'BU-' || plan_years.y || '-' || plan.code as budget_id,
    'BU-' || plan_years.y || '-' || plan.linked_code as linked_budget_id,
    make_date(plan_years.y, plan.first_month, 1) as period_start,
    months_later(make_date(plan_years.y, plan.first_month, 1), plan.months) as period_end,
    cast(case
        when plan.wanted is null or plan.mode <> 'distribute' then plan.wanted
        else greatest(round(
            plan.wanted
            * case
                when plan.base = 'book' then contract_books.book
                else $scale * pow(1.05, plan_years.y - 2026)
            end
            / case when plan.team = 'kam' then team_lists.business_teams else 1 end,
            case when plan.currency = 'SEK' then -5 else 0 end
        ), 1)
    end as decimal(18, 4)) as target,
    case plan.team
        when 'kam' then '{"team_id": [' || team_lists.key_account_team || ']}'
        when 'field' then '{"team_id": [' || team_lists.field_teams || ']}'
    end as filters
from (values
    ('VOL', 'signed_volume', 'Försäljningsvolym', 1.12, 'book', 'SEK', 0, 'prior_outcome', '{"indexation": 1.05}', 1000, 'seasonal', 'distribute', null, null, 1, 12, false),
    ('FORL', 'renewal_volume', 'Förlängningar', null, 'book', 'SEK', 0, 'prior_outcome', null, 1000, 'seasonal', 'distribute', null, 'VOL', 1, 12, false),
    ('UPP', 'upsell_volume', 'Merförsäljning', 0.055, 'book', 'SEK', 0.05, 'potential', null, 1000, 'seasonal', 'distribute', null, 'VOL', 1, 12, false),
    ('ATER', 'win_back_volume', 'Återvunna kunder', 0.042, 'book', 'SEK', 0, 'customers', null, 1000, null, 'distribute', null, 'VOL', 1, 12, false),
    ('NY', 'new_business_volume', 'Nyförsäljning', null, 'book', 'SEK', 0.1, 'working_days', '{"ramp": [0.25, 0.5, 0.75, 1]}', 1000, 'working_days', 'distribute', null, 'VOL', 1, 12, false),
    ('FAK', 'invoiced_revenue', 'Fakturering', 270000000, 'scale', 'SEK', 0, 'customer_revenue', null, 1000, 'seasonal', 'distribute', null, null, 1, 12, true),
    ('TB', 'contribution_margin', 'Täckningsbidrag', 92000000, 'scale', 'SEK', 0, 'composite', '{"customers": 0.3, "customer_revenue": 0.7}', 1000, 'seasonal', 'distribute', null, 'MOTE', 1, 12, false),
    ('MOTE', 'meetings_held', 'Genomförda möten', null, 'scale', null, 0, 'working_days', '{"result_per_unit": 6000}', 1, 'working_days', 'distribute', null, 'TB', 1, 12, false),
    ('TBMOTE', 'margin_per_meeting', 'Täckningsbidrag per möte', 6000, 'scale', 'SEK', 0, 'manual', null, 1, null, 'same_level', null, 'TB', 1, 12, false),
    ('VECKA', 'meetings_held', 'Butiksbesök per vecka', 6, 'scale', null, 0, 'manual', '{"per_weeks": 1}', 1, null, 'per_rep', 'field', null, 1, 12, false),
    ('SAMTAL', 'sales_calls_made', 'Säljsamtal', 2400, 'scale', null, 0, 'prior_outcome', null, 1, null, 'distribute', null, null, 1, 12, false),
    ('BESOK', 'unique_customers_visited', 'Besökta kunder', 3900, 'scale', null, 0, 'customers', null, 1, null, 'distribute', null, null, 1, 12, false),
    ('NYKUND', 'new_customers', 'Nya kunder i höst', 45, 'scale', null, 0, 'manual', '{"prior_outcome": 1}', 1, null, 'distribute', null, null, 9, 3, false),
    ('AFFAR', 'signed_deal_count', 'Tecknade affärer', 700, 'scale', null, 0, 'equal', null, 1, null, 'distribute', null, null, 1, 12, false),
    ('PLAN', 'meetings_planned_next_14d', 'Planerade säljmöten', 5, 'scale', null, 0, 'manual', null, 1, null, 'per_rep', null, null, 1, 12, false),
    ('KAM', 'kam_customers_met_90d', 'Mötta nyckelkunder', 0.3, 'scale', null, 0, 'manual', null, 1, null, 'same_level', null, null, 1, 12, false),
    ('KAMVOL', 'signed_volume', 'Försäljningsvolym nyckelkunder', 1.08, 'book', 'SEK', 0, 'prior_outcome', null, 1000, 'seasonal', 'distribute', 'kam', null, 1, 12, false),
    ('KAMFAK', 'invoiced_revenue', 'Fakturering nyckelkunder', 100000000, 'scale', 'SEK', 0, 'customer_revenue', null, 1000, 'seasonal', 'distribute', 'kam', null, 1, 12, false),
    ('LEV', 'delivery_precision', 'Leveransprecision', 0.95, 'scale', null, 0, 'manual', null, 1, null, 'same_level', null, null, 1, 12, false)
) as plan (
    code, budget_type_id, name, wanted, base, currency, over_assignment, method, weight_params, unit,
    distribution_id, mode, team, linked_code, first_month, months, is_locked
)
cross join plan_years
inner join contract_books on plan_years.y = contract_books.y
cross join team_lists;

create or replace temp view e_budgets as
select
    budget_id,
    budget_type_id,
    cast(null as varchar) as campaign_id,
    name || ' ' || y as name,
    period_start,
    period_end as period_end_excl,
    target as company_target,
    currency,
    cast(over_assignment as decimal(18, 10)) as over_assignment,
    method as allocation_method,
    weight_params,
    cast(unit as decimal(18, 4)) as rounding_unit,
    distribution_id,
    filters,
    mode as target_mode,
    cast(null as decimal(18, 4)) as target_low,
    cast(null as decimal(18, 10)) as expected_renewal_rate,
    case when code = 'NY' then 'Teamdag i fjällen' end as reward_text,
    cast(case when code = 'NY' then 1.0 end as decimal(18, 10)) as reward_threshold,
    case when known(locked) then 'locked' when known(approved) then 'approved' else 'draft' end
        as status,
    linked_budget_id,
    planned as _created,
    greatest(planned, upto(approved), upto(locked)) as _changed
from budget_plan
union all
-- What a campaign should sell, and how it should be seen in the stores that take part.
select
    'BU-' || campaigns.campaign_id || aims.suffix,
    aims.budget_type_id,
    campaigns.campaign_id,
    aims.name || ' ' || campaigns.campaign_id,
    campaigns.start_date,
    campaigns.end_date_excl,
    cast(case
        when aims.mode = 'distribute' then greatest(round(aims.wanted * $scale, -3), 1000)
        else aims.wanted
    end as decimal(18, 4)),
    aims.currency,
    0,
    aims.method,
    null,
    aims.unit,
    null,
    '{"product_category": ["' || campaigns.product_category || '"], "team_id": ['
    || team_lists.field_teams || ']}',
    aims.mode,
    null, null, null, null,
    case when known(campaigns.start_date - 14) then 'approved' else 'draft' end,
    null,
    campaigns.start_date - 30,
    greatest(campaigns.start_date - 30, upto(campaigns.start_date - 14))
from campaigns
cross join team_lists
cross join (values
    ('', 'campaign_sell_in', 'Insäljning', 90000, 'SEK', 'customers', 100, 'distribute'),
    ('-DIST', 'numeric_distribution', 'Distribution', 0.3, null, 'manual', 1, 'same_level')
) as aims (suffix, budget_type_id, name, wanted, currency, method, unit, mode)
union all
select
    'BU-' || campaigns.campaign_id || '-EXP',
    'second_placement_rate',
    campaigns.campaign_id,
    'Extraexponering ' || campaigns.campaign_id,
    campaigns.start_date,
    campaigns.end_date_excl,
    0.12,
    null,
    0,
    'manual',
    null,
    1,
    null,
    '{"team_id": [' || team_lists.field_teams || ']}',
    'same_level',
    null, null, null, null,
    case when known(campaigns.start_date - 14) then 'approved' else 'draft' end,
    null,
    campaigns.start_date - 30,
    greatest(campaigns.start_date - 30, upto(campaigns.start_date - 14))
from campaigns
cross join team_lists;

-- Targets set by hand. What one seller per team has agreed on for the year's volume is raised for
-- some in the spring; some new customers of the autumn are promised; and more deals have been
-- promised to the sellers than the company wants, which cannot be planned.
create or replace temp table hand_set as
select
    plan.budget_id,
    plan.period_start,
    plan.planned,
    people.rep_no,
    months.n as month_no,
    versions.version,
    versions.version = 2 as is_raised,
    case plan.code
        when 'VOL' then round(
            plan.target / 12 / (0.45 * $slots) * case versions.version when 2 then 1.1 else 1 end, -3
        )
        when 'NYKUND' then greatest(
            floor(plan.target / 6 / team_lists.business_teams), cast(months.n = 1 as integer)
        )
        else 1 + ceil(plan.target / 12 / team_lists.business_teams)
    end as target
from budget_plan as plan
cross join team_lists
inner join people
    on
        people.is_seller
        and people.kind <> 'field'
        and people.hire <= plan.planned
        and people.leave >= plan.period_start + 120
        and people.position = case plan.code when 'VOL' then 2 when 'NYKUND' then 3 else 1 end
cross join (select cast(n as integer) as n from range(12) as r (n)) as months
cross join (values (1), (2)) as versions (version)
where
    plan.code in ('VOL', 'NYKUND', 'AFFAR')
    and months.n < plan.months
    and (
        versions.version = 1
        or (
            plan.code = 'VOL'
            and months.n >= 4
            and u(people.rep_no * 10 + plan.y - 2020, 'raised') < 0.5
        )
    );

create or replace temp view e_budget_targets as
select
    budget_id,
    'rep' as node_type,
    rep_id(rep_no) as node_id,
    'all' as channel,
    months_later(period_start, month_no) as month,
    version,
    cast(target as decimal(18, 4)) as target,
    true as is_locked,
    cast(null as decimal(18, 4)) as floor,
    cast(null as decimal(18, 4)) as cap,
    case when is_raised then months_later(period_start, 4) else period_start end as valid_from,
    case when is_raised then 'Tog över kunder' else 'Avtalat vid anställning' end as reason,
    'sales_manager' as changed_by,
    case when is_raised then months_later(period_start, 3) + 20 else planned + 5 end as _created,
    case when is_raised then months_later(period_start, 3) + 20 else planned + 5 end as _changed
from hand_set;

create or replace temp table kpi_list as
select * from (values
    ('KPI-VOL', 'signed_volume', 'VOL', null, null, 'quarter', 1),
    ('KPI-FAK', 'invoiced_revenue', 'FAK', null, null, 'quarter', 2),
    ('KPI-NY', 'new_business_volume', 'NY', null, null, 'quarter', 3),
    ('KPI-TB', 'contribution_margin', 'TB', null, null, 'quarter', 4),
    ('KPI-MOTE', 'meetings_held', 'MOTE', null, null, 'month', 5),
    ('KPI-PLAN', 'meetings_planned_next_14d', 'PLAN', '{"window_days": 14}', null, 'quarter', 6),
    ('KPI-PLAN21', 'meetings_planned_next_14d', null, '{"window_days": 21}', 7, 'quarter', 7),
    ('KPI-KAM', 'kam_customers_met_90d', 'KAM', '{"window_days": 90}', null, 'quarter', 8),
    ('KPI-TBMOTE', 'margin_per_meeting', null, null, 4000, 'quarter', 9),
    ('KPI-HALL', 'customer_retention_rate', null, null, 0.85, 'year', 10)
) as k (kpi_id, budget_type_id, budget_code, parameters, target, sales_period, n);

create or replace temp view e_kpis as
select
    kpi_id,
    make_date(cast(years.y as integer), 1, 1) as valid_from,
    case when cut() >= make_date(cast(years.y as integer), 12, 10) then make_date(cast(years.y as integer) + 1, 1, 1) end as valid_to,
    budget_type_id,
    'BU-' || years.y || '-' || budget_code as budget_id,
    parameters,
    cast(target as decimal(18, 4)) as target,
    cast(null as decimal(18, 4)) as target_low,
    cast(null as varchar) as filters,
    sales_period,
    'week' as cadence,
    'active' as status,
    'Rätt kund, rätt förberedelse' as success_driver,
    'Når vi inte målet räcker inte antalet bra möten' as conclusion_rule,
    'Boka två veckor framåt varje fredag' as plan_text,
    'Visar om kundbasen växer' as why_text,
    'Dela arbetssättet på teammötet' as action_if_met,
    'Gå igenom kundlistan med chefen inom en vecka' as action_if_not_met,
    'rep,sales_manager' as follower_roles,
    'sales_manager' as kpi_owner,
    cast(coalesce(target, 0) * 0.95 as decimal(18, 4)) as expected_outcome,
    cast(null as varchar) as reward_text,
    cast(null as decimal(18, 10)) as reward_threshold,
    'app' as publish_surface,
    make_date(cast(years.y as integer) - 1, 12, 5) as _created,
    greatest(make_date(cast(years.y as integer) - 1, 12, 5), upto(make_date(cast(years.y as integer), 12, 10))) as _changed
from kpi_list
cross join range(2024, 2029) as years (y);

create or replace temp table profile_list as
select * from (values
    ('PR-B2B', 'Företagssäljare', 'b2b'), ('PR-FIELD', 'Butikssäljare', 'field'),
    ('PR-KAM', 'Nyckelkundsansvarig', 'kam'), ('PR-CHEF', 'Säljchef', 'manager')
) as p (profile_id, name, type);

create or replace temp view e_kpi_profiles as
select *, date '2023-12-05' as _created, date '2023-12-05' as _changed from profile_list;

create or replace temp view e_profile_kpis as
select
    profile_id,
    kpi_id,
    date '2024-01-01' as valid_from,
    cast(weight as decimal(18, 10)) as weight,
    cast(1.2 as decimal(18, 10)) as cap,
    cast(row_number() over (partition by profile_id order by weight desc, kpi_id) as integer) as position,
    date '2023-12-06' as _created,
    date '2023-12-06' as _changed
from (values
    ('PR-B2B', 'KPI-VOL', 0.4), ('PR-B2B', 'KPI-NY', 0.2), ('PR-B2B', 'KPI-PLAN', 0.2), ('PR-B2B', 'KPI-TBMOTE', 0.2),
    ('PR-FIELD', 'KPI-FAK', 0.4), ('PR-FIELD', 'KPI-TB', 0.2), ('PR-FIELD', 'KPI-MOTE', 0.2), ('PR-FIELD', 'KPI-PLAN21', 0.2),
    ('PR-KAM', 'KPI-VOL', 0.3), ('PR-KAM', 'KPI-FAK', 0.3), ('PR-KAM', 'KPI-KAM', 0.2), ('PR-KAM', 'KPI-HALL', 0.2),
    ('PR-CHEF', 'KPI-VOL', 0.4), ('PR-CHEF', 'KPI-FAK', 0.3), ('PR-CHEF', 'KPI-MOTE', 0.3)
) as p (profile_id, kpi_id, weight);

create or replace temp view e_rep_profiles as
select
    rep_id(rep_no) as rep_id,
    greatest(hire, date '2024-01-01') as valid_from,
    case
        when role = 'kam' then 'PR-KAM'
        when role = 'rep' and kind = 'field' then 'PR-FIELD'
        when role = 'rep' then 'PR-B2B'
        else 'PR-CHEF'
    end as profile_id,
    case when known(leave - 30) then leave + 1 end as valid_to,
    greatest(hire - 10, date '2023-12-08') as _created,
    greatest(hire - 10, date '2023-12-08', upto(leave - 30)) as _changed
from people
where leave >= date '2024-01-31';

create or replace temp view e_checkpoints as
with

dated as (
    select
        kpi_list.kpi_id,
        kpi_list.n,
        quarters.q,
        points.n as point,
        weekday(quarters.q + points.n * 30) as day,
        known(weekday(quarters.q + points.n * 30)) as is_past,
        pick(
            kpi_list.n * 100000 + (quarters.q - date '2020-01-01') + points.n, 'status', 4
        ) + 1 as standing,
        year(quarters.q) || 'Q' || quarter(quarters.q) as quarter_name
    from kpi_list
    cross join quarters
    cross join (values (1), (2)) as points (n)
    where quarters.q >= date '2024-01-01'
)

select
    'CP-' || kpi_id || '-' || quarter_name || '-' || point as checkpoint_id,
    kpi_id,
    'SP-' || quarter_name as sales_period_id,
    day as date,
    cast(case point when 1 then 0.33 else 0.66 end as decimal(18, 10)) as planned_share,
    stamp(q - 20, n) as created_at,
    cast(null as decimal(18, 4)) as outcome,
    case when is_past then ['on_track', 'behind', 'ahead', 'at_risk'][standing] end as status,
    case when is_past then ['keep', 'act', 'keep', 'adjust_target'][standing] end as decision,
    case when is_past then 'Genomgång av kundlistan' end as action_text,
    case when is_past then 'sales_manager' end as action_owner,
    case when is_past then weekday(day + 10) end as due_date,
    cast(null as timestamp) as done_at,
    cast(null as varchar) as feedback_text,
    cast(null as varchar) as feedback_by,
    cast(null as integer) as adjusted_target_version,
    q - 20 as _created,
    greatest(q - 20, upto(day)) as _changed
from dated;
