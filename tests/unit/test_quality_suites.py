"""The reviewed suites on a company of a few rows: green as it is, and red where it is broken.

Each defect below is one statement on the published tables and the rules that must notice it.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
import yaml

from orchestration.quality.judge import judge
from orchestration.quality.suites import AUDIT_TABLES, DELIVERY_SUITE, SUITES_FOLDER, read_suite
from orchestration.settings import PROJECT_ROOT
from tests.publication_support import settings_for

S = date(2026, 3, 3)

COMPANY = """
insert into budget_types by name
select
    id as budget_type_id, id as name_en, id as name_sv, id as definition_en, id as definition_sv,
    if(id in ('meetings_held', 'meetings_planned_next_14d', 'kam_customers_met_90d',
        'average_deal_value', 'customer_retention_rate', 'contribution_margin_rate',
        'margin_per_meeting'), 'RATIO', 'SUM') as aggregation,
    'higher' as direction, 'distribute' as target_mode, 'flow' as time_shape, 'currency' as unit,
    'week month quarter year' as period_types
from (select unnest(list_append($types, 'contribution_margin_rate')) as id);

insert into reps by name
select 'r' || range as rep_id, 'Rep' as name, 'rep' as role, 1 as fte, true as is_employed,
    't1' as team_id, 'g1' as region_id
from range(1, 3);

insert into rep_costs by name
select 'r1' as rep_id, date '2026-02-01' as cost_month, 'salary' as cost_type, 40000 as amount;

insert into customers by name
select 'c' || range as customer_id, 'customer' as status, 'b2b' as sales_model,
    'r1' as owner_rep_id, false as is_internal
from range(20);

insert into products by name select 'p1' as product_id, 'Drinks' as product_category;

insert into calendar by name
select cast(date '2020-01-01' + interval (range) day as date) as date_day,
    cast(date_trunc('year', date '2020-01-01' + interval (range) day) as date) as year_start,
    isodow(date '2020-01-01' + interval (range) day) <= 5 as is_workday
from range(3653);

insert into org_nodes by name
select node_level, node_id, parent_node_id, date '2020-01-01' as valid_from,
    date '9999-12-31' as valid_to
from (values ('rep', 'r1', 't1'), ('rep', 'r2', 't1'), ('team', 't1', 'g1'),
    ('region', 'g1', 'company'), ('company', 'company', null),
    ('rep', 'unassigned', 'unassigned'), ('team', 'unassigned', 'unassigned'),
    ('region', 'unassigned', 'company')) as nodes(node_level, node_id, parent_node_id);

create temp table amounts as
select budget_type_id, rep_id, cast(amount as decimal(18, 4)) as amount
from (values
    ('signed_volume', 'r1', 1200000), ('new_business_volume', 'r1', 1200000),
    ('invoiced_revenue', 'r1', 100000), ('invoiced_revenue', 'r2', 50000),
    ('new_business_invoicing', 'r1', 100000), ('renewal_invoicing', 'r2', 50000),
    ('contribution_margin', 'r1', 40000), ('contribution_margin', 'r2', 20000)
) as amounts(budget_type_id, rep_id, amount);

insert into outcome_evidence by name
select budget_type_id, 'numerator' as part, 'default' as parameter_set_id,
    if(budget_type_id like '%volume', 'contract_line', 'invoice_line') as record_type,
    rep_id || '-' || if(budget_type_id like '%volume', 'c', 'i') as record_id,
    rep_id, date '2026-02-10' as event_date, date '2026-02-10' as booking_date,
    'revenue' as credit_type, amount, date '2026-02-01' as booking_month
from amounts;

insert into outcomes by name
with node_amounts as (
    select budget_type_id, 'rep' as node_level, rep_id as node_id, amount from amounts
    union all select budget_type_id, 'team', 't1', amount from amounts
    union all select budget_type_id, 'region', 'g1', amount from amounts
    union all select budget_type_id, 'company', 'company', amount from amounts
    union all select budget_type_id, 'company', 'company', 0 from budget_types
),
periods as (
    select * from (values
        ('month', date '2026-02-01', date '2026-03-01'),
        ('month', date '2026-03-01', date '2026-04-01'),
        ('year', date '2026-01-01', date '2027-01-01')
    ) as periods(period_type, period_start, period_end)
)
select budget_type_id, 'default' as parameter_set_id, node_level, node_id, 'reported' as basis,
    period_type, period_start, period_end,
    sum(if(period_start = '2026-03-01', 0, amount)) as numerator,
    sum(if(period_start = '2026-03-01', 0, amount)) as value,
    1 as record_count, false as is_closed, cast(date_trunc('month', period_start) as date)
    as booking_month
from node_amounts, periods
group by all;

update outcomes set denominator = 150000
where budget_type_id = 'contribution_margin_rate' and period_type = 'year';

insert into channel_sales by name
select outcomes.node_level, outcomes.node_id, date '2026-02-01' as month, channel,
    sum(if(budget_type_id = 'signed_volume' and channel in ('new', 'total'), numerator, 0))
        as volume,
    sum(case
        when channel = 'total' and budget_type_id = 'invoiced_revenue' then numerator
        when channel = 'new' and budget_type_id = 'new_business_invoicing' then numerator
        when channel = 'renewal' and budget_type_id = 'renewal_invoicing' then numerator
        else 0
    end) as invoicing
from outcomes,
    (values ('new'), ('renewal'), ('upsell'), ('win_back'), ('total')) as channels(channel)
where period_start = '2026-02-01'
group by all;

insert into volume_vs_invoicing by name
select 'k1' as contract_id, 0 as contract_year, date '2026-02-01' as year_start,
    date '2027-02-01' as year_end, 1200000 as signed_volume, 0 as cancelled, 100000 as invoiced,
    1100000 as not_yet_invoiced, 'running' as status;

insert into invoice_control by name
select 'erp' as source_system, date '2026-02-01' as invoice_month, 2 as invoices,
    2 as invoices_with_total, 0 as invoices_differing, 150000 as net_total,
    150000 as lines_total, 0 as difference;

insert into renewals_due by name
select 'k1' as contract_id, 'c1' as customer_id, 'r1' as owner_rep_id,
    date '2026-06-01' as end_date, 'rolls_on' as exit_reason,
    date '2026-03-31' as last_day_of_notice, 1200000 as annual_value, false as renewal_signed;

insert into channel_lead_times by name
select outcomes.node_level, outcomes.node_id, outcomes.period_start as year_start,
    'new' as channel, 12 as deals, 12 as measured_deals, 90 as median_days, 100 as mean_days
from outcomes
where outcomes.budget_type_id = 'signed_volume' and outcomes.period_type = 'year';

insert into customer_figures by name
select customer_id, month, 'r1' as owner_rep_id, 'upsell' as channel, volume, invoicing,
    0 as margin, 1 as meetings, date '2026-02-10' as last_meeting_on, 0 as survey_answers,
    0 as deliveries
from (values ('c1', date '2026-02-01', 1200000, 100000), ('c2', date '2026-02-01', 0, 50000),
    ('c1', date '2026-03-01', 0, 0)) as figures(customer_id, month, volume, invoicing);

insert into store_gaps by name
select 'b1' as store_id, 'sku' as gap_type, 'p1' as ref_id, 'not_audited' as status,
    'r1' as owner_rep_id, 0.5 as audited_share;
insert into rep_value by name
select dimension, member_id, lifetime as customer_lifetime_value, 0 as ltv_without_cost, cost,
    false as is_annualised, lifetime / cost as ltv_cost_ratio, 1200000 as total_contract_value,
    2 as meetings, 20000 as cost_per_meeting, 1 as won_opportunities, 2 as closed_opportunities
from (values ('rep', 'r1', 150000, 40000), ('area', 'n', 150000, 40000),
    ('business_category', 'retail', 150000, 40000), ('purchase_method', 'web', 150000, 40000))
    as members(dimension, member_id, lifetime, cost);

insert into outcomes by name
select budget_type_id, parameter_set_id, node_level, node_id, 'restated' as basis, period_type,
    period_start, period_end, numerator, value, record_count, is_closed, booking_month
from outcomes
where budget_type_id = 'signed_volume' and node_level = 'company';

insert into outcomes_by_dimension by name
select budget_type_id, parameter_set_id, dimension, member_id, basis, period_type, period_start,
    period_end, numerator * share as numerator, value * share as value, record_count
from outcomes,
    (values ('area', 'n', 0.9), ('area', 'unassigned', 0.1), ('business_category', 'retail', 1),
        ('purchase_method', 'web', 1)) as members(dimension, member_id, share)
where basis = 'restated' and budget_type_id = 'signed_volume';

insert into meetings by name
select 'm' || n as activity_id, 'r1' as rep_id, status, 'c1' as customer_id,
    true as is_sales_meeting, date '2026-03-03' + days_on as event_date, 60 as minutes,
    'active' as customer_state, true as right_customer, true as decision_maker,
    if(status = 'held', true, null) as triple_check, 1 as external_participants,
    true as prepared, false as loyal, true as with_manager, false as with_own_rep
from (values (1, 'held', -10), (2, 'held', -9), (3, 'planned', 0)) as plan(n, status, days_on);

insert into meeting_quality by name
select node_level, node_id, date '2026-02-01' as month, 2 as meetings, 2 as triple_checks,
    1 as triple_check_share, 0 as prospect_meetings, 0 as new_customer_meetings,
    2 as active_meetings, 0 as passive_meetings, 1 as active_share, 0 as next_steps,
    0 as next_steps_due, 0 as won_opportunities, 0 as closed_opportunities, 40000 as cost,
    40000 as cost_of_window, 2 as costed_meetings, 20000 as cost_per_meeting
from (values ('rep', 'r1'), ('team', 't1'), ('region', 'g1'), ('company', 'company'))
    as nodes(node_level, node_id);

insert into activity_vs_result by name
select rep_id, 'p1' as profile_id, date '2026-01-01' as period_start,
    date '2026-04-01' as period_end, 1 as activity_kpis, 1 as financial_kpis, activity_pace,
    financial_pace, quadrant, quadrant as text_en, quadrant as text_sv
from (values ('r1', 1.1, 0.5, 'busy_not_productive'), ('r2', 0.9, 1.1, 'efficient'))
    as reps(rep_id, activity_pace, financial_pace, quadrant);

insert into territory_view by name
select area_id, period_type, period_start, period_end, period_type = 'last_12_months' as is_over,
    outcome, 10 as customers, 10 as customers_with_potential, 100 as potential,
    if(period_type = 'last_12_months', outcome / 100, null) as share_of_potential, 2 as visits,
    1 as visited_customers, level as outcome_level, 'high' as potential_level,
    if(level = 'low', 'Leave it', null) as reading_leave_en,
    if(level = 'low', 'Lämna', null) as reading_leave_sv,
    if(level = 'low', 'Untapped', null) as reading_untapped_en,
    if(level = 'low', 'Obearbetad', null) as reading_untapped_sv
from (values ('n', 'last_12_months', date '2025-03-01', date '2026-03-01', 90, 'high'),
    ('s', 'last_12_months', date '2025-03-01', date '2026-03-01', 10, 'low'),
    ('n', 'year', date '2026-01-01', date '2027-01-01', 90, null))
    as areas(area_id, period_type, period_start, period_end, outcome, level);

insert into budgets by name
select 'b' || n as budget_id, 'signed_volume' as budget_type_id, 'approved' as status,
    'distribute' as target_mode, date '2026-01-01' as period_start,
    date '2027-01-01' as period_end, channel, target as company_target, target as pool_amount,
    target as divided_target, true as gives_targets, false as has_refused_change,
    if(channel = 'all', null, 'b1') as linked_budget_id
from (values (1, 'all', 1200), (2, 'renewal', 600), (3, 'upsell', 300), (4, 'win_back', 200),
    (5, 'new', 100)) as plans(n, channel, target);

insert into targets by name
select budget_id, budget_type_id, target_mode, node_level, node_id, channel,
    date '2026-02-01' as month, company_target * share as target, false as is_locked,
    1 as version
from budgets, (values ('company', 'company', 1), ('rep', 'r1', 0.5), ('rep', 'unassigned', 0.5))
    as nodes(node_level, node_id, share);

insert into budget_outcomes by name
select budget_id, budgets.budget_type_id, node_level, node_id, reached.period_type,
    reached.period_start, reached.period_end, numerator, numerator as value, 1 as record_count,
    false as is_closed
from outcomes, budgets, (values ('month', date '2026-02-01', date '2026-03-01'),
    ('to_date', date '2026-01-01', date '2027-01-01')) as reached(period_type, period_start,
    period_end)
where outcomes.budget_type_id = budgets.budget_type_id and basis = 'reported'
    and outcomes.period_type = 'month' and outcomes.period_start = '2026-02-01';

insert into allocation by name
select budget_id, node_id as rep_id, 1 as weight, target as raw_amount, 0 as rounding_delta,
    false as is_locked, target, target as current_target, 'why' as reason, 'varför' as reason_sv
from targets
where node_level = 'rep';

insert into my_kpis by name
select rep_id, 'sales' as profile_id, 'Sales' as profile, kpi_id, value, 10 as target, 10 as score,
    'ahead' as status, 0.5 as weight, 1.2 as cap, 'line' as sentence_en, 'rad' as sentence_sv
from (values ('r1', 'k1', 6), ('r2', 'k1', 12), ('r1', 'k2', 5)) as kpis(rep_id, kpi_id, value);

update my_kpis set score = value / target;

update my_kpis set score = null, status = 'not_scored', reason_code = 'no_target'
where kpi_id = 'k2';

update my_kpis set profile_score = score where rep_id = 'r2';

insert into profile_scores by name
select node_level, node_id, 'sales' as profile_id, 1 as reps, 2 as kpis, kpis_scored,
    kpis_scored * 0.5 as weight_scored_share, score as profile_score
from (values ('rep', 'r1', 1, null), ('rep', 'r2', 1, 1.2), ('team', 't1', 2, 1.1))
    as nodes(node_level, node_id, kpis_scored, score);

insert into team_view by name
select node_level, node_id, my_kpis.kpi_id, sum(value) as value, 'ahead' as status,
    count(*) as reps, count(score) as reps_scored, count(score) as reps_on_track,
    if(count(score) = 0, null, 1) as on_track_share, median(score) as median_score,
    min(score) as lowest_score, max(score) as highest_score, max(score) - min(score) as spread
from my_kpis, (values ('team', 't1'), ('company', 'company')) as nodes(node_level, node_id)
group by all;

insert into scores by name
select date '2026-03-03' as as_of, 'p3' as publication_id, 'kpi' as subject_type,
    kpi_id as subject_id, kpi_id, 'rep' as node_level, rep_id as node_id,
    'meetings_held' as budget_type_id, date '2026-01-01' as period_start,
    date '2026-04-01' as period_end, value, target, score, 0.5 as days_met_share, status,
    reason_code, false as is_closed
from my_kpis;

insert into scores by name
select * replace (date '2026-03-02' as as_of, 'p2' as publication_id, value - 1 as value)
from scores;

insert into kpi_trend by name
select kpi_id, node_level, node_id, unnest([period_start, as_of, period_end]) as day,
    budget_type_id, period_start, period_end,
    unnest([null, value, null]) as actual_cum, unnest([null, 7, target]) as expected_cum,
    unnest([null, value, 11]) as forecast_cum, target, false as is_checkpoint
from scores
where as_of = '2026-03-03';

insert into forecast_accuracy by name
select budget_type_id, unnest([0.25, 0.5]) as elapsed_share, unnest([null, 0.1]) as mape,
    unnest([0, 6]) as n, unnest(['no_closed_period', null]) as reason_code
from budget_types;

insert into score_restatements by name
select as_of, subject_type, subject_id, kpi_id, node_level, node_id, budget_type_id,
    'p2' as reported_publication_id, 'p2b' as publication_id, 'extracts, code' as cause,
    value as value_reported, value + 1 as value_restated, status as status_reported,
    status as status_restated
from scores
where as_of = '2026-03-02';
insert into kpis by name
select 'sales' as profile_id, kpi_id, 'quarter' as period_type, period_start,
    cast(period_start + interval 3 month as date) as period_end,
    period_start < date '2026-01-01' as is_ended, 'kept' as since_last_period,
    if(period_start < date '2026-01-01', null, kpi_id <> 'k3') as is_admitted,
    'c' as conclusion, 'p' as plan, 'a' as action_if_met, if(kpi_id = 'k3', null, 'b')
        as action_if_not_met, 'rep' as followers, 100 as expected_outcome, 110 as outcome,
    if(period_start < date '2026-01-01', 0.1, null) as surprise
from (values ('k1'), ('k2'), ('k3')) as kpis(kpi_id),
    (values (date '2025-10-01'), (date '2026-01-01')) as periods(period_start);

insert into kpi_hygiene by name
select 'f1' as finding_id, 'H2' as rule_id, 'block' as severity, 'k3' as subject,
    'sales' as profile_id, 'k3' as kpi_id, 'no action' as text_en, 'ingen åtgärd' as text_sv,
    'sales-management' as owner;

insert into gaming_signals by name
select 'r1' as rep_id, 'G-1' as signal_id, 'month' as period_type, period_start,
    2.5 as observed, 1.5 as threshold, is_flagged, if(is_flagged, 'why?', null) as question_en,
    if(is_flagged, 'varför?', null) as question_sv
from (values (date '2026-01-01', true), (date '2026-02-01', false))
    as periods(period_start, is_flagged);

insert into training_effect by name
select 't1' as training_id, 'k1' as kpi_id, 5 as n, 0.80 as before, 0.95 as after,
    5 as comparison_n, 0.05 as comparison, 0.10 as effect, 0.05 as interval_low,
    0.15 as interval_high, 'a guide' as note_en, 'en vägledning' as note_sv;

insert into checkpoints by name
select checkpoint_id, 'k1' as kpi_id, date '2026-01-01' as period_start,
    date '2026-04-01' as period_end, date, 0.33 as planned_share, status, decision,
    date + 7 as answer_by, is_unanswered
from (values ('p1', date '2026-01-31', 'behind', 'act', false),
    ('p2', date '2026-02-10', 'behind', null, true))
    as points(checkpoint_id, date, status, decision, is_unanswered);

insert into change_log by name
select 'c1' as change_id, 'weight' as change_type, 'sales/k1' as subject_id, '0.4' as old_value,
    '0.3' as new_value;
"""

DEFECTS = {
    "delete from products": {"products.rows"},
    "insert into reps select * from reps where rep_id = 'r1'": {"reps.key"},
    "update customers set owner_rep_id = 'nobody' where customer_id = 'c0'": {
        "customers.owners_known"
    },
    "delete from calendar where date_day > date '2026-06-01'": {
        "calendar.rows",
        "calendar.reaches_ahead",
    },
    "update calendar set is_workday = false": {"calendar.workdays_plausible"},
    "update org_nodes set parent_node_id = 'gone' where node_id = 't1'": {
        "org_nodes.parents_exist"
    },
    "insert into org_nodes by name select 'rep' as node_level, 'r1' as node_id, "
    "'unassigned' as parent_node_id, date '2026-01-01' as valid_from, date '9999-12-31' "
    "as valid_to": {"org_nodes.one_team_at_a_time"},
    "update outcomes set numerator = numerator + 0.0001 where node_id = 'g1' "
    "and budget_type_id = 'invoiced_revenue'": {
        "outcomes.teams_add_up",
        "outcomes.channels_are_the_whole",
        "channel_sales.agrees_with_outcomes",
    },
    "delete from outcomes where node_id = 'r2' and budget_type_id = 'contribution_margin'": {
        "outcomes.reps_add_up"
    },
    "update outcomes set value = null where node_id = 'r1' and period_type = 'year'": {
        "outcomes.value_or_reason"
    },
    "update outcomes set value = null, reason_code = 'missing_rate' where node_id = 'company' "
    "and budget_type_id = 'invoiced_revenue'": {"outcomes.rates_present"},
    "delete from outcomes where budget_type_id = 'meetings_held'": {
        "outcomes.every_type_at_company"
    },
    "delete from outcomes where period_start = '2026-03-01'": {"outcomes.reaches_s"},
    "update outcome_evidence set amount = amount - 1 where budget_type_id = 'invoiced_revenue'": {
        "outcomes.evidence_explains"
    },
    "update outcomes set denominator = 146000 where budget_type_id = 'contribution_margin_rate'": {
        "outcomes.uncosted_revenue"
    },
    "update outcome_evidence set event_date = date '2025-12-01'": {
        "outcome_evidence.late_registration"
    },
    "insert into outcome_evidence by name select 'share_of_shelf' as budget_type_id, "
    "unnest(['numerator', 'denominator']) as part, 'default' as parameter_set_id, "
    "'shelf' as record_type, 'b1/tea' as record_id, 'r1' as rep_id, date '2026-03-03' "
    "as period_start, unnest([6, 5]) as amount": {"outcome_evidence.own_facings_within_all"},
    "insert into store_gaps select * from store_gaps": {"store_gaps.key"},
    "update store_gaps set status = 'lost', audited_share = 1.5": {
        "store_gaps.status_known",
        "store_gaps.audited_share_plausible",
    },
    "insert into outcomes by name select 'numeric_distribution' as budget_type_id, "
    "'default' as parameter_set_id, 'company' as node_level, 'company' as node_id, "
    "'reported' as basis, 'snapshot' as period_type, date '2026-03-03' as period_start, "
    "date '2026-03-04' as period_end, 3 as numerator, 8 as denominator, 0.375 as value, "
    "1 as record_count, false as is_closed, date '2026-03-01' as booking_month": {
        "store_gaps.agrees_with_outcomes"
    },
    "update channel_sales set volume = volume + 0.0001 where channel = 'upsell'": {
        "channel_sales.channels_add_up"
    },
    "delete from channel_sales where channel = 'win_back' and node_id = 'r1'": {
        "channel_sales.five_rows"
    },
    "update volume_vs_invoicing set not_yet_invoiced = 0": {"volume_vs_invoicing.adds_up"},
    "update volume_vs_invoicing set cancelled = 1300000, not_yet_invoiced = -200000": {
        "volume_vs_invoicing.cancelled_within_signed"
    },
    "update renewals_due set last_day_of_notice = date '2026-03-02'": {
        "renewals_due.notice_can_be_given"
    },
    "update renewals_due set end_date = date '2026-03-03', last_day_of_notice = null": {
        "renewals_due.in_the_days_ahead"
    },
    "update channel_lead_times set measured_deals = 0, median_days = null": {
        "channel_lead_times.measured_share"
    },
    "update channel_lead_times set mean_days = -1": {"channel_lead_times.measured_within_deals"},
    "delete from customer_figures where customer_id = 'c2'": {
        "customer_figures.agrees_with_outcomes"
    },
    "update customer_figures set channel = 'renewal', nps = 101 where month = '2026-03-01'": {
        "customer_figures.channel_known",
        "customer_figures.shares_plausible",
    },
    "update customer_figures set last_meeting_on = date '2026-03-03' where customer_id = 'c1'": {
        "customer_figures.looks_ahead_from_s"
    },
    "update customer_figures set as_of = date '2026-03-02'": {"customer_figures.as_of"},
    "update rep_value set ltv_cost_ratio = null where dimension = 'area'": {
        "rep_value.ratio_or_reason"
    },
    "update rep_value set cost = cost - 0.0001 where dimension = 'purchase_method'": {
        "rep_value.dimensions_are_the_whole"
    },
    "insert into outcomes by name select 'ltv_cost_ratio' as budget_type_id, "
    "'default' as parameter_set_id, 'rep' as node_level, 'r1' as node_id, "
    "'reported' as basis, 'snapshot' as period_type, date '2026-03-03' as period_start, "
    "date '2026-03-04' as period_end, 150000 as numerator, 39999 as denominator, 3.75 as value, "
    "1 as record_count, false as is_closed, date '2026-03-01' as booking_month": {
        "rep_value.agrees_with_outcomes"
    },
    "insert into rep_value by name select dimension, 'r2' as member_id, 20000 as "
    "customer_lifetime_value, 20000 as ltv_without_cost, false as is_annualised, "
    "'zero_denominator' as reason_code, 0 as total_contract_value, 0 as meetings, "
    "0 as won_opportunities, 0 as closed_opportunities from rep_value where member_id = 'r1'": {
        "rep_value.cost_known"
    },
    "update outcomes_by_dimension set value = null where dimension = 'purchase_method'": {
        "outcomes_by_dimension.value_or_reason"
    },
    "delete from outcomes_by_dimension where dimension = 'business_category'": {
        "outcomes_by_dimension.adds_up_to_outcomes"
    },
    "update outcomes_by_dimension set member_id = 'unassigned' where dimension = 'area'": {
        "outcomes_by_dimension.members_known"
    },
    "delete from meetings": {"meetings.rows", "meetings.as_of"},
    "insert into meetings select * from meetings where activity_id = 'm1'": {
        "meetings.one_row_a_rep"
    },
    "update meetings set status = 'planned', triple_check = null where activity_id = 'm2'": {
        "meetings.held_lies_behind_and_planned_ahead"
    },
    "update meetings set decision_maker = false where activity_id = 'm1'": {
        "meetings.triple_check_is_all_three"
    },
    "insert into outcomes by name select 'prepared_meeting_share' as budget_type_id, "
    "'default' as parameter_set_id, 'company' as node_level, 'company' as node_id, "
    "'restated' as basis, 'month' as period_type, date '2026-02-01' as period_start, "
    "date '2026-03-01' as period_end, 3 as numerator, 3 as denominator, 1 as value, "
    "false as is_closed": {"meetings.agrees_with_outcomes"},
    "update meetings set external_participants = 0": {"meetings.guests_registered"},
    "update meetings set minutes = 1000": {"meetings.minutes_plausible"},
    "update meeting_quality set active_meetings = 1 where node_level = 'team'": {
        "meeting_quality.states_are_all_meetings"
    },
    "update meeting_quality set cost_per_meeting = null where node_level = 'region'": {
        "meeting_quality.cost_or_reason"
    },
    "insert into outcomes by name select 'meetings_held' as budget_type_id, "
    "'default' as parameter_set_id, 'rep' as node_level, 'r1' as node_id, "
    "'restated' as basis, 'month' as period_type, date '2026-02-01' as period_start, "
    "date '2026-03-01' as period_end, 3 as numerator, 3 as value, false as is_closed": {
        "meeting_quality.agrees_with_outcomes"
    },
    "update meeting_quality set triple_checks = 1 where node_level = 'company'": {
        "meeting_quality.agrees_with_meetings"
    },
    "update meeting_quality set cost = 39999 where node_level = 'rep'": {
        "meeting_quality.costs_add_up"
    },
    "update activity_vs_result set text_sv = null where rep_id = 'r2'": {
        "activity_vs_result.quadrant_or_reason"
    },
    "update activity_vs_result set activity_pace = 1.2, financial_pace = 0.5 where rep_id = 'r2'": {
        "activity_vs_result.quadrant_follows_paces"
    },
    "update activity_vs_result set rep_id = 'gone' where rep_id = 'r2'": {
        "activity_vs_result.reps_known"
    },
    "update territory_view set reading_untapped_sv = null where outcome_level = 'low'": {
        "territory_view.both_readings_or_none"
    },
    "insert into outcomes_by_dimension by name select 'invoiced_revenue' as budget_type_id, "
    "'default' as parameter_set_id, 'area' as dimension, 'n' as member_id, "
    "'restated' as basis, 'year' as period_type, date '2026-01-01' as period_start, "
    "date '2027-01-01' as period_end, 91 as numerator, 91 as value, 1 as record_count": {
        "territory_view.agrees_with_outcomes"
    },
    "update territory_view set share_of_potential = 0.9 where period_type = 'year'": {
        "territory_view.shares_from_sums"
    },
    "update territory_view set outcome = 110, share_of_potential = 1.1 where area_id = 'n' "
    "and period_type = 'last_12_months'": {"territory_view.potential_not_exceeded"},
    "update territory_view set customers_with_potential = 4 where area_id = 's'": {
        "territory_view.potential_estimated"
    },
    "update budgets set gives_targets = false, reason_code = 'locks_exceed_pool' "
    "where budget_id = 'b5'": {"budgets.approved_gives_targets"},
    "update budgets set status = 'maybe', reason_code = 'overlap' where budget_id = 'b4'": {
        "budgets.status_known",
        "budgets.reason_given",
    },
    "update budgets set divided_target = 299 where budget_id = 'b3'": {
        "budgets.reps_cover_the_company"
    },
    "update budget_types set measures = 'volume'; update budgets set company_target = 601, "
    "pool_amount = 601, divided_target = 601 where budget_id = 'b2'": {
        "targets.company_is_what_was_decided"
    },
    "update targets set target = target - 1 where node_id = 'unassigned' and budget_id = 'b1'": {
        "targets.pool_is_divided_exactly"
    },
    "update targets set target = -1, node_level = 'rep' where budget_id = 'b4'": {
        "targets.no_rep_below_zero"
    },
    "update budget_outcomes set value = null where budget_id = 'b1' and node_level = 'rep'": {
        "budget_outcomes.value_or_reason"
    },
    "delete from budget_outcomes where budget_id = 'b2'": {"budget_outcomes.every_budget_to_date"},
    "update budget_outcomes set numerator = numerator + 0.0001 where budget_id = 'b3' "
    "and node_level = 'team'": {
        "budget_outcomes.teams_add_up",
        "budget_outcomes.agrees_with_outcomes",
    },
    "update budget_outcomes set numerator = 0 where budget_id = 'b4' and period_type = 'to_date'": {
        "budget_outcomes.months_add_up"
    },
    "update allocation set current_target = 0 where budget_id = 'b3'": {"allocation.adds_up"},
    "update allocation set rounding_delta = 1 where budget_id = 'b2'": {
        "allocation.target_explained"
    },
    "update allocation set floor = 10000 where budget_id = 'b1' and rep_id = 'r1'": {
        "allocation.limits_kept"
    },
    "update allocation set reason = null, reason_sv = null where budget_id = 'b5'": {
        "allocation.reason_filled",
        "allocation.reason_sv_filled",
    },
    "update my_kpis set profile_score = 0.5 where rep_id = 'r2'": {
        "my_kpis.profile_score_is_made_of_the_rows"
    },
    "update my_kpis set reason_code = 'no_source' where rep_id = 'r2'": {"my_kpis.score_or_reason"},
    "update profile_scores set kpis_scored = 0 where node_level = 'team'": {
        "profile_scores.shares_plausible"
    },
    "update profile_scores set profile_score = 0.5 where node_id = 'r2'": {
        "profile_scores.reps_see_the_same"
    },
    "update team_view set reps = 1, reps_on_track = 3 where node_level = 'company'": {
        "team_view.counts_plausible",
        "team_view.the_company_has_all_reps",
    },
    "insert into scores select * from scores where as_of = '2026-03-03' and node_id = 'r2'": {
        "scores.one_row_a_night"
    },
    "update scores set publication_id = 'p2b' where as_of = '2026-03-02' and node_id = 'r2'": {
        "scores.one_publication_a_night"
    },
    "update scores set reason_code = 'no_source' where node_id = 'r2' and as_of = '2026-03-02'": {
        "scores.score_or_reason"
    },
    "update scores set value = 99 where node_id = 'r2' and as_of = '2026-03-03'": {
        "scores.everybody_has_what_is_shown",
        "kpi_trend.agrees_with_scores",
    },
    "update kpi_trend set expected_cum = 9 where day = period_end": {
        "kpi_trend.ends_at_the_target"
    },
    "update kpi_trend set actual_cum = 9 where day = period_end": {"kpi_trend.nothing_known_ahead"},
    "delete from forecast_accuracy where budget_type_id = 'signed_volume'": {
        "forecast_accuracy.every_type"
    },
    "update forecast_accuracy set reason_code = null where mape is null": {
        "forecast_accuracy.error_or_reason"
    },
    "update score_restatements set cause = 'somebody' where node_id = 'r1'": {
        "score_restatements.cause_known"
    },
    "update score_restatements set value_restated = value_reported where node_id = 'r2'": {
        "score_restatements.something_differs"
    },
    "update score_restatements set value_reported = 3 where node_id = 'r1'": {
        "score_restatements.what_was_reported_stands"
    },
    "update kpi_hygiene set text_sv = 'nyckeltalet {kpi}'": {"kpi_hygiene.worded"},
    "delete from kpi_hygiene": {"kpi_hygiene.refused_key_figures_have_one_finding"},
    "insert into my_kpis by name select * replace ('k3' as kpi_id) from my_kpis "
    "where kpi_id = 'k2'": {"kpi_hygiene.what_is_blocked_is_not_scored"},
    "update gaming_signals set question_sv = 'Du fuskar.', observed = 1 where is_flagged": {
        "gaming_signals.a_flag_is_a_question",
        "gaming_signals.flags_are_over_the_threshold",
    },
    "update training_effect set effect = 0.12": {"training_effect.effect_is_the_difference"},
    "update training_effect set n = 4": {"training_effect.no_effect_of_a_few"},
    "update checkpoints set date = date '2026-04-01' where checkpoint_id = 'p1'": {
        "checkpoints.in_their_period"
    },
    "update checkpoints set decision = 'act' where is_unanswered": {
        "checkpoints.unanswered_are_without_action"
    },
    "update kpis set plan = null where kpi_id = 'k1'": {"kpis.what_is_scored_has_answers"},
    "update kpis set surprise = 0.2 where is_ended": {"kpis.surprise_is_the_distance"},
    "update change_log set new_value = old_value": {"change_log.something_changed"},
    "update team_view set median_score = 2 where node_level = 'team' and kpi_id = 'k1'": {
        "team_view.median_between_lowest_and_highest"
    },
}


def tables() -> dict[str, list[tuple[str, str]]]:
    """The published contract: table → columns and types."""
    models = [
        model
        for path in sorted((PROJECT_ROOT / "models/marts").glob("_*.yml"))
        for model in yaml.safe_load(path.read_text(encoding="utf-8")).get("models", ())
    ]
    return {
        model["name"]: [(column["name"], column["data_type"]) for column in model["columns"]]
        for model in models
        if model["name"] not in AUDIT_TABLES
    }


def company(folder: Path) -> Path:
    """A release of the company in ``folder``, its tables in ``main`` and open to defects."""
    folder.mkdir(parents=True)
    (types,) = (
        rule.kwargs["value_set"]
        for rule in read_suite(SUITES_FOLDER / "budget_types.yml").rules
        if rule.id == "budget_types.types"
    )
    with duckdb.connect(str(folder / "utfall.duckdb")) as connection:
        for table, columns in tables().items():
            added = {"as_of": f"date default date '{S}'", "publication_id": "varchar default 'id'"}
            ddl = ", ".join(f'"{name}" {kind}' for name, kind in (added | dict(columns)).items())
            connection.execute(f"create table {table} ({ddl})")
        for statement in COMPANY.split(";"):
            if statement.strip():
                parameters = {"types": types} if "$types" in statement else {}
                connection.execute(statement, parameters)
    write_ledger(
        folder,
        f"('crm', 'reps', date '{S}', 'a', 10, 10, 0, 7, 1, 1, 1, 'loaded', null, "
        "timestamp '2026-03-02 22:00')",
    )
    return folder


def write_ledger(folder: Path, rows: str, changes: str = "null::varchar") -> None:
    (folder / "audit").mkdir(exist_ok=True)
    # Every entity is delivered, so that no rule is left out.
    duckdb.execute(
        f"""
        copy (
            select ledger.*, entity, 'incremental' as load_mode, {changes} as schema_changes
            from (values {rows}) as ledger(source, first_entity, extract_date, path,
                rows_delivered, rows_loaded, rows_rejected, rows_current, rows_superseded,
                rows_deleted, rows_quarantined, status, reason, extracted_at_max),
                (select unnest(
                    ['reps', 'customers', 'products', 'contracts', 'invoices', 'activities',
                        'opportunities', 'budgets', 'areas', 'rep_costs']
                ) as entity)
        ) to '{folder}/audit/ingest_ledger.parquet' (format parquet)
        """
    )


def failed(folder: Path) -> set[str]:
    verdict = judge(settings_for(folder), folder, as_of=S)
    broken = [result for result in verdict.results if result.could_not_run]
    assert not broken, [(result.rule_id, result.observed) for result in broken]
    return {result.rule_id for result in verdict.results if not result.success}


def test_a_company_without_defects_is_green(tmp_path):
    assert failed(company(tmp_path / "release")) == set()


@pytest.mark.parametrize("batch", range(4))
def test_defects_are_noticed_by_their_rules(tmp_path, batch):
    """Several defects at a time, because a gate costs two seconds."""
    defects = list(DEFECTS)[batch::4]
    folder = company(tmp_path / "release")
    with duckdb.connect(str(folder / "utfall.duckdb")) as connection:
        for defect in defects:
            connection.execute(defect)
    noticed = failed(folder)
    unnoticed = {defect: DEFECTS[defect] - noticed for defect in defects}
    assert not any(unnoticed.values()), unnoticed


def test_channels_that_do_not_make_the_company_are_noticed(tmp_path):
    folder = company(tmp_path / "release")
    with duckdb.connect(str(folder / "utfall.duckdb")) as connection:
        connection.execute("update budget_types set measures = 'volume'")
        connection.execute(
            "update budgets set company_target = 99, divided_target = 100 where budget_id = 'b5'"
        )
    assert "budgets.channels_make_the_company" in failed(folder)


def test_deliveries_that_do_not_add_up_or_are_old_are_noticed(tmp_path):
    suite = read_suite(SUITES_FOLDER / f"{DELIVERY_SUITE}.yml")
    folder = company(tmp_path / "release")
    write_ledger(
        folder,
        """
        ('crm', 'reps', date '2026-02-20', 'a', 10, 9, 0, 9, 0, 0, 0, 'loaded', null,
            timestamp '2026-02-19 22:00'),
        ('crm', 'reps', date '2026-02-20', 'b', 0, 0, 0, 0, 0, 0, 0, 'rejected', null, null),
        ('crm', 'reps', date '2026-02-20', 'c', 5, 5, 0, 4, 0, 0, 0, 'loaded', null, null)
        """,
    )
    expected = {
        "rows_accounted_for",
        "rows_have_a_fate",
        "files_have_a_fate",
        "something_new",
        "fresh_sources",
    }
    noticed = failed(folder) & {rule.id for rule in suite.rules}
    assert noticed == {f"delivery.{name}" for name in expected}


@pytest.mark.parametrize("fates", ["4, 0, 0, 0", "7, -2, 0, 0", "null, null, null, null"])
def test_an_account_that_does_not_add_up_or_was_not_made_blocks(tmp_path, fates):
    folder = company(tmp_path / "release")
    write_ledger(
        folder,
        f"('crm', 'reps', date '{S}', 'a', 5, 5, 0, {fates}, 'loaded', null, "
        "timestamp '2026-03-02 22:00')",
    )
    verdict = judge(settings_for(folder), folder, as_of=S)
    assert {result.rule_id for result in verdict.blocking} == {"delivery.rows_have_a_fate"}


def test_columns_that_go_and_keys_of_another_type_warn(tmp_path):
    folder = company(tmp_path / "release")
    row = (
        f"('crm', 'reps', date '{S}', 'a', 5, 5, 0, 5, 0, 0, 0, 'loaded', null, "
        "timestamp '2026-03-02 22:00')"
    )
    write_ledger(folder, row, """'{"removed": ["name"], "keys_retyped": {"rep_id": []}}'""")
    assert failed(folder) == {"delivery.columns_stay", "delivery.keys_keep_their_type"}
    write_ledger(folder, row, """'{"added": ["name"], "reordered": true}'""")
    assert failed(folder) == set()
