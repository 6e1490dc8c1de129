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

create or replace temp view e_rep_channels as
select
    rep_id(rep_no) as rep_id,
    channels.channel,
    hire as valid_from,
    cast(null as date) as valid_to,
    hire - 10 as _created,
    hire - 10 as _changed
from people
cross join (values ('new'), ('upsell')) as channels (channel)
where is_seller and u(rep_no, 'hunter') < 0.08;

create or replace temp view e_renewal_rates as
select
    quarters.q as period,
    categories.product_category,
    cast(round(0.72 + 0.16 * u(categories.n, 'renewal_rate'), 2) as decimal(18, 10)) as expected_rate,
    quarters.q - 30 as _created,
    quarters.q - 30 as _changed
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

create or replace temp table budget_plan as
select
    *,
    'BU-' || y || '-' || code as budget_id,
    make_date(cast(y as integer), 1, 1) as period_start,
    make_date(cast(y as integer) + 1, 1, 1) as period_end,
    make_date(cast(y as integer) - 1, 11, 20) as planned,
    make_date(cast(y as integer) - 1, 12, 15) as approved
from (values
    ('VOL', 'signed_volume', 'Försäljningsvolym', 70000000, 'SEK', 'prior_outcome', 1000, 'distribute', null),
    ('FAK', 'invoiced_revenue', 'Fakturering', 190000000, 'SEK', 'customer_revenue', 1000, 'distribute', null),
    ('NY', 'new_business_volume', 'Nyförsäljning', 16000000, 'SEK', 'working_days', 1000, 'distribute', null),
    ('TB', 'contribution_margin', 'Täckningsbidrag', 62000000, 'SEK', 'customers', 1000, 'distribute', null),
    ('MOTE', 'meetings_held', 'Genomförda möten', 14000, null, 'equal', 1, 'distribute', null),
    ('PLAN', 'meetings_planned_next_14d', 'Planerade säljmöten', 5, null, 'manual', 1, 'per_rep', null),
    ('KAM', 'kam_customers_met_90d', 'Mötta nyckelkunder', 0.75, null, 'manual', 1, 'same_level', null),
    ('FORL', 'renewal_volume', 'Förlängningar', 40000000, 'SEK', 'potential', 1000, 'distribute', 0.8)
) as b (code, budget_type_id, name, target, currency, method, unit, mode, renewal_rate)
cross join range(2024, 2029) as years (y);

create or replace temp view e_budgets as
select
    budget_id,
    budget_type_id,
    cast(null as varchar) as campaign_id,
    name || ' ' || y as name,
    period_start,
    period_end as period_end_excl,
    cast(case
        when mode = 'distribute'
            then round(target * $scale * pow(1.05, y - 2026), case when currency = 'SEK' then -5 else 0 end)
        else target
    end as decimal(18, 4)) as company_target,
    currency,
    cast(case when currency = 'SEK' then 0.05 else 0 end as decimal(18, 10)) as over_assignment,
    method as allocation_method,
    cast(null as varchar) as weight_params,
    cast(unit as decimal(18, 4)) as rounding_unit,
    case when currency = 'SEK' then 'seasonal' end as distribution_id,
    cast(null as varchar) as filters,
    mode as target_mode,
    cast(null as decimal(18, 4)) as target_low,
    cast(renewal_rate as decimal(18, 10)) as expected_renewal_rate,
    case when code = 'NY' then 'Teamdag i fjällen' end as reward_text,
    cast(case when code = 'NY' then 1.0 end as decimal(18, 10)) as reward_threshold,
    case when known(approved) then 'approved' else 'draft' end as status,
    case code when 'TB' then 'BU-' || y || '-MOTE' end as linked_budget_id,
    planned as _created,
    greatest(planned, upto(approved)) as _changed
from budget_plan
union all
select
    'BU-' || campaign_id,
    'campaign_sell_in',
    campaign_id,
    'Insäljning ' || campaign_id,
    start_date,
    end_date_excl,
    cast(round(900000 * $scale, -4) as decimal(18, 4)),
    'SEK',
    0,
    'customers',
    null,
    1000,
    null,
    '{"product_category": ["' || product_category || '"]}',
    'distribute',
    null, null, null, null,
    case when known(start_date - 14) then 'approved' else 'draft' end,
    null,
    start_date - 30,
    greatest(start_date - 30, upto(start_date - 14))
from campaigns;

-- Targets set by hand: one seller per team has a fixed share of the year, raised once in the spring.
create or replace temp view e_budget_targets as
select
    plan.budget_id,
    'rep' as node_type,
    rep_id(people.rep_no) as node_id,
    'all' as channel,
    months_later(plan.period_start, months.n) as month,
    cast(versions.version as integer) as version,
    cast(round(
        plan.target * $scale / 12 / $slots * case versions.version when 2 then 1.1 else 1 end, -3
    ) as decimal(18, 4)) as target,
    true as is_locked,
    cast(null as decimal(18, 4)) as floor,
    cast(null as decimal(18, 4)) as cap,
    case versions.version when 2 then months_later(plan.period_start, 4) else plan.period_start end as valid_from,
    case versions.version when 2 then 'Tog över kunder' else 'Avtalat vid anställning' end as reason,
    'sales_manager' as changed_by,
    case versions.version when 2 then months_later(plan.period_start, 3) + 20 else plan.planned + 5 end as _created,
    case versions.version when 2 then months_later(plan.period_start, 3) + 20 else plan.planned + 5 end as _changed
from budget_plan as plan
inner join people
    on people.position = 2 and people.hire <= plan.planned and people.leave >= plan.period_start + 120
cross join (select cast(n as integer) as n from range(12) as r (n)) as months
cross join (values (1), (2)) as versions (version)
where
    plan.code = 'VOL'
    and (versions.version = 1 or (months.n >= 4 and u(people.rep_no * 10 + plan.y - 2020, 'raised') < 0.5));

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
