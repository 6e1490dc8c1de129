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
    string_agg('"' || team_id(t) || '"', ', ' order by t) filter (where kind <> 'field')
        as company_teams,
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
        when 'business' then '{"team_id": [' || team_lists.company_teams || ']}'
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
    ('KUNDV', 'meetings_held', 'Kundmöten per vecka', 5, 'scale', null, 0, 'manual', '{"per_weeks": 1}', 1, null, 'per_rep', 'business', null, 1, 12, false),
    ('SAMTAL', 'sales_calls_made', 'Säljsamtal', 2400, 'scale', null, 0, 'prior_outcome', null, 1, null, 'distribute', null, null, 1, 12, false),
    ('BESOK', 'unique_customers_visited', 'Besökta kunder', 3900, 'scale', null, 0, 'customers', null, 1, null, 'distribute', null, null, 1, 12, false),
    ('NYKUND', 'new_customers', 'Nya kunder i höst', 45, 'scale', null, 0, 'manual', '{"prior_outcome": 1}', 1, null, 'distribute', null, null, 9, 3, false),
    ('AFFAR', 'signed_deal_count', 'Tecknade affärer', 700, 'scale', null, 0, 'equal', null, 1, null, 'distribute', null, null, 1, 12, false),
    ('PLAN', 'meetings_planned_next_14d', 'Planerade säljmöten', 10, 'scale', null, 0, 'manual', null, 1, null, 'per_rep', null, null, 1, 12, false),
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

-- The key figures, with what is expected of a sales period: a part of a budget's year, or a level.
create or replace temp table kpi_list as
select * from (values
    ('KPI-VOL', 'signed_volume', 'VOL', null, null, 'quarter', 1, 'VOL', 0.24),
    ('KPI-FAK', 'invoiced_revenue', 'FAK', null, null, 'quarter', 2, 'FAK', 0.23),
    ('KPI-NY', 'new_business_volume', 'NY', null, null, 'quarter', 3, 'VOL', 0.05),
    ('KPI-TB', 'contribution_margin', 'TB', null, null, 'quarter', 4, 'TB', 0.24),
    ('KPI-MOTE', 'meetings_held', 'KUNDV', null, null, 'month', 5, null, 60),
    ('KPI-PLAN', 'meetings_planned_next_14d', 'PLAN', '{"window_days": 14}', null, 'quarter', 6, null, 30),
    ('KPI-PLAN21', 'meetings_planned_next_14d', null, '{"window_days": 21}', 7, 'quarter', 7, null, 24),
    ('KPI-KAM', 'kam_customers_met_90d', 'KAM', '{"window_days": 90}', null, 'quarter', 8, null, 0.35),
    ('KPI-TBMOTE', 'margin_per_meeting', 'TBMOTE', null, null, 'quarter', 9, null, 4500),
    ('KPI-HALL', 'customer_retention_rate', null, null, 0.85, 'year', 10, null, 0.9),
    ('KPI-BUTIK', 'meetings_held', 'VECKA', null, null, 'month', 11, null, 80),
    ('KPI-DIST', 'numeric_distribution', null, null, 0.6, 'quarter', 12, null, 0.52),
    ('KPI-POGR', 'planogram_compliance_rate', null, null, 0.9, 'quarter', 13, null, 0.86),
    ('KPI-MTRL', 'pos_presence_rate', null, null, 0.75, 'quarter', 14, null, 0.65),
    ('KPI-LEV', 'delivery_precision', 'LEV', null, null, 'quarter', 15, null, 0.8),
    ('KPI-MED', 'joint_visits_with_manager', null, null, 8, 'quarter', 16, null, 40),
    ('KPI-FORB', 'prepared_meeting_share', null, null, 0.5, 'quarter', 17, null, 0.35),
    ('KPI-TCV', 'total_contract_value', null, null, 1500000, 'quarter', 18, null, 4000000),
    -- Proposed by the key account managers, and not thought through yet.
    ('KPI-NKI', 'customer_satisfaction_score', null, null, 40, 'quarter', 19, null, null)
) as k (
    kpi_id, budget_type_id, budget_code, parameters, target, sales_period, n, expected_of, expected
);

-- What the sales management has answered about each of them before it was put to use.
create or replace temp table kpi_answers as
select * from (values
    (
        'KPI-VOL', 'Fler och större avtal hos rätt kunder',
        'Ligger tecknad volym under takten räcker inte affärerna i arbete till årets mål',
        'Varje säljare håller tre affärer i beslutsläge och följer upp dem på måndagar',
        'Volymen är det säljaren påverkar i dag; fakturorna kommer senare',
        'Berätta på säljmötet vad som avgjorde, och lyft nästa kvartals ambition',
        'Gå igenom affärer i arbete med chefen inom en vecka och välj två att avsluta',
        'rep,regional_manager,sales_manager', 'sales_manager', 'app', 'day'
    ),
    (
        'KPI-FAK', 'Det vi sålt blir levererat och fakturerat',
        'Faktureras mindre än planerat har leveranser dragit ut på tiden eller köp uteblivit',
        'Stäm av kommande leveranser med kunden månaden innan',
        'Visar om volymen blir pengar, och i vilken takt',
        'Erbjud kunden nästa kategori medan leveransen är färsk',
        'Ring de fem kunder som fakturerats mest under plan och ta reda på varför',
        'rep,sales_manager', 'sales_manager', 'insight', 'week'
    ),
    (
        'KPI-NY', 'Nya kunder ersätter dem vi tappar',
        'Utan nyförsäljning krymper kundbasen även när totalen ser bra ut',
        'Två förmiddagar i veckan är avsatta för kunder på mållistan',
        'Förlängningar kan dölja att vi inte vinner nya kunder',
        'Skriv ned vad som öppnade dörren och dela det med teamet',
        'Byt ut de tio prospekt som stått stilla längst och boka om förmiddagarna',
        'rep,sales_manager', 'sales_manager', 'app', 'week'
    ),
    (
        'KPI-TB', 'Lönsamma affärer, inte bara stora',
        'Sjunker täckningsbidraget när fakturan håller har vi sålt på pris',
        'Rabatter över tio procent stäms av med chefen innan de ges',
        'Det är täckningsbidraget som betalar säljorganisationen',
        'Låt säljaren visa sin prissamtalsteknik för två kollegor',
        'Gå igenom kvartalets tre största rabatter och lägg en prisplan per kund',
        'rep,regional_manager,sales_manager', 'sales_manager', 'insight', 'month'
    ),
    (
        'KPI-MOTE', 'Tid hos kunder som har något att besluta om',
        'Fem möten i veckan räcker till målet bara om de är med rätt kunder',
        'Veckan bokas färdig på torsdagen veckan innan',
        'Utan möten inga affärer, men antalet ensamt säger inget om kvaliteten',
        'Pröva om tiden kan flyttas från fler möten till bättre förberedda',
        'Stryk två interna möten och boka dem hos kunder på mållistan',
        'rep,sales_manager', 'sales_manager', 'app', 'day'
    ),
    (
        'KPI-PLAN', 'Kalendern är fylld innan veckan börjar',
        'Under tio planerade säljmöten kommer nästa månad att gå trögt',
        'Boka två veckor framåt varje fredag',
        'Planerade möten syns innan resultatet gör det',
        'Flytta fokus från bokning till förberedelse',
        'Ring i två timmar i dag tills tio möten står i kalendern',
        'rep,sales_manager', 'sales_manager', 'app', 'day'
    ),
    (
        'KPI-PLAN21', 'Rutten är planerad tre veckor fram',
        'Är rutten tom besöks de butiker som ligger nära i stället för dem som behöver det',
        'Lägg rutten för tre veckor och prioritera butiker i klass A',
        'En planerad rutt ger fler butiker per dag',
        'Ta in två butiker till som inte besökts i år',
        'Planera om rutten med teamledaren samma vecka',
        'rep,sales_manager', 'regional_manager', 'app', 'week'
    ),
    (
        'KPI-KAM', 'Vi känner våra viktigaste kunder',
        'En nyckelkund som inte mötts på nittio dagar vet vi för lite om',
        'Varje nyckelkund har ett bokat möte per kvartal',
        'De största kunderna är dyrast att förlora',
        'Bredda kontakten med ytterligare en beslutsfattare per kund',
        'Boka möten med de nyckelkunder som saknar möte, störst först',
        'rep,sales_manager', 'sales_manager', 'app', 'week'
    ),
    (
        'KPI-TBMOTE', 'Mötena ger det som krävs för minsta budgeten',
        'Ger ett möte mindre än planen är det fel kunder eller fel pris',
        'Jämför de tio mest och minst lönsamma mötena varje kvartal',
        'Binder ihop antal möten med resultatet av dem',
        'Behåll kundurvalet och minska antalet möten per affär',
        'Välj bort fem kunder där mötena inte lett till affär på ett år',
        'rep,sales_manager', 'sales_manager', 'insight', 'month'
    ),
    (
        'KPI-HALL', 'Kunder stannar för att de får det vi lovat',
        'Under målet tappar vi kunder snabbare än vi hinner ersätta dem',
        'Ring varje kund nittio dagar innan avtalet går ut',
        'En kund som stannar är billigare än en ny',
        'Be de nöjdaste kunderna om en referens',
        'Intervjua de kunder som lämnat och åtgärda den vanligaste orsaken',
        'rep,regional_manager,sales_manager', 'sales_manager', 'insight', 'quarter'
    ),
    (
        'KPI-BUTIK', 'Närvaro i butikerna',
        'Färre besök än planen betyder hyllor som ingen har sett',
        'Sex butiker i veckan enligt rutten',
        'Besöken är förutsättningen för allt annat i butik',
        'Lägg extra tid på de butiker som har flest luckor',
        'Korta restiden genom att byta dag med en kollega i grannområdet',
        'rep,regional_manager', 'regional_manager', 'app', 'day'
    ),
    (
        'KPI-DIST', 'Artiklarna finns där kunden handlar',
        'Saknas artikeln i butik hjälper ingen kampanj',
        'Ta de tre största luckorna vid varje besök',
        'Distribution är den säkraste vägen till försäljning',
        'Föreslå butiken en artikel utanför listan',
        'Ta listan på luckor till butikschefen vid nästa besök',
        'rep,regional_manager', 'regional_manager', 'app', 'week'
    ),
    (
        'KPI-POGR', 'Hyllan ser ut som vi kommit överens om',
        'Avviker hyllan tappar vi plats till konkurrenten',
        'Fotografera och rätta hyllan vid varje besök',
        'Överenskommen plats är betald plats',
        'Visa butiken vad rätt hylla gett i försäljning',
        'Rätta de butiker som avvikit två besök i rad tillsammans med kedjan',
        'rep,regional_manager', 'regional_manager', 'app', 'week'
    ),
    (
        'KPI-MTRL', 'Materialet kommer upp',
        'Ligger materialet kvar på lagret syns kampanjen inte',
        'Sätt upp materialet första kampanjveckan',
        'Materialet lyfter försäljningen bara när det syns',
        'Flytta kvarvarande material till butiker utan',
        'Ta med material i bilen och sätt upp det vid nästa besök',
        'rep,regional_manager', 'regional_manager', 'app', 'week'
    ),
    (
        'KPI-LEV', 'Det vi lovar kommer i tid',
        'Sena leveranser kostar förtroende innan de kostar avtal',
        'Stäm av veckans leveranser med lagret varje måndag',
        'Kunden skiljer inte på sälj och leverans',
        'Berätta för kunden hur leveranserna gått och be om nästa order',
        'Lägg en plan med lagret för de kunder som drabbats två gånger',
        'rep,sales_manager', 'sales_manager', 'insight', 'week'
    ),
    (
        'KPI-MED', 'Chefen ser matchen, inte bara resultatet',
        'Utan gemensamma besök blir coachningen gissningar',
        'Två besök i månaden tillsammans med varje säljare',
        'Den som aldrig ser ett möte kan inte utveckla det',
        'Låt säljarna följa med varandra också',
        'Boka in sig på två möten nästa vecka',
        'regional_manager,sales_manager', 'regional_manager', 'insight', 'month'
    ),
    (
        'KPI-FORB', 'Varje möte har ett mål',
        'Oförberedda möten ger trevliga samtal och få beslut',
        'Mål, taktik och insikt skrivs in dagen före',
        'Förberedelsen går att träna på',
        'Använd de bästa förberedelserna som mallar',
        'Förbered nästa veckas tre viktigaste möten tillsammans med chefen',
        'rep,sales_manager', 'sales_manager', 'app', 'week'
    ),
    (
        'KPI-TCV', 'Långa avtal',
        'Kortare avtal ger mer arbete med förlängningar',
        'Erbjud alltid en treårig variant',
        'Hela avtalets värde visar hur länge kunden binder sig',
        'Fortsätt med den treåriga varianten',
        'Pröva en annan prislista för treåriga avtal',
        'rep,sales_manager', 'sales_manager', 'insight', 'month'
    ),
    (
        'KPI-NKI', 'Nöjda nyckelkunder', null,
        'Fråga kunderna efter varje leverans', 'Kundens betyg säger något vi inte vet',
        'Fira', null, 'rep,sales_manager', 'sales_manager', 'insight', 'quarter'
    )
) as a (
    kpi_id, success_driver, conclusion_rule, plan_text, why_text, action_if_met,
    action_if_not_met, follower_roles, kpi_owner, publish_surface, cadence
);

create or replace temp view e_kpis as
select
    kpi_list.kpi_id,
    make_date(plan_years.y, 1, 1) as valid_from,
    case when cut() >= make_date(plan_years.y, 12, 10) then make_date(plan_years.y + 1, 1, 1) end
        as valid_to,
    kpi_list.budget_type_id,
    'BU-' || plan_years.y || '-' || kpi_list.budget_code as budget_id,
    kpi_list.parameters,
    cast(kpi_list.target as decimal(18, 4)) as target,
    cast(null as decimal(18, 4)) as target_low,
    cast(null as varchar) as filters,
    kpi_list.sales_period,
    kpi_answers.cadence,
    case when kpi_list.expected is null then 'draft' else 'active' end as status,
    kpi_answers.success_driver,
    kpi_answers.conclusion_rule,
    kpi_answers.plan_text,
    kpi_answers.why_text,
    kpi_answers.action_if_met,
    kpi_answers.action_if_not_met,
    kpi_answers.follower_roles,
    kpi_answers.kpi_owner,
    cast(case
        when kpi_list.expected_of is null then kpi_list.expected
        else round(kpi_list.expected * budget_plan.target, -3)
    end as decimal(18, 4)) as expected_outcome,
    case when kpi_list.kpi_id = 'KPI-NY' then 'Teamdag i fjällen' end as reward_text,
    cast(case when kpi_list.kpi_id = 'KPI-NY' then 1.0 end as decimal(18, 10))
        as reward_threshold,
    kpi_answers.publish_surface,
    make_date(plan_years.y - 1, 12, 5) as _created,
    greatest(make_date(plan_years.y - 1, 12, 5), upto(make_date(plan_years.y, 12, 10)))
        as _changed
from kpi_list
inner join kpi_answers on kpi_list.kpi_id = kpi_answers.kpi_id
cross join plan_years
left join budget_plan
    on plan_years.y = budget_plan.y and kpi_list.expected_of = budget_plan.code;

create or replace temp view e_kpi_profiles as
select *, date '2023-12-05' as _created, date '2023-12-05' as _changed
from (values
    ('PR-B2B', 'Säljare', 'b2b'), ('PR-FIELD', 'Butikssäljare', 'field'),
    ('PR-MERCH', 'Merchandiser', 'merchandiser'), ('PR-KAM', 'Nyckelkundsansvarig', 'kam'),
    ('PR-CHEF', 'Säljchef', 'manager'), ('PR-REGION', 'Regionchef', 'manager'),
    -- Somebody wanted to follow everything at once.
    ('PR-ALLT', 'Säljare, allt på en gång', 'b2b'),
    -- A draft that nobody has: key accounts without what is invoiced to them.
    ('PR-KAMNY', 'Nyckelkundsansvarig, förslag', 'kam')
) as p (profile_id, name, type);

-- Since 2026 the sellers are also measured on how many customers they meet.
create or replace temp table profile_weights as
select * from (values
    ('PR-B2B', 'KPI-VOL', 2024, 0.4), ('PR-B2B', 'KPI-NY', 2024, 0.2),
    ('PR-B2B', 'KPI-PLAN', 2024, 0.2), ('PR-B2B', 'KPI-FORB', 2024, 0.2),
    ('PR-B2B', 'KPI-VOL', 2026, 0.35), ('PR-B2B', 'KPI-FORB', 2026, 0.1),
    ('PR-B2B', 'KPI-MOTE', 2026, 0.15),
    ('PR-FIELD', 'KPI-FAK', 2024, 0.35), ('PR-FIELD', 'KPI-TB', 2024, 0.2),
    ('PR-FIELD', 'KPI-BUTIK', 2024, 0.15), ('PR-FIELD', 'KPI-DIST', 2024, 0.2),
    ('PR-FIELD', 'KPI-PLAN21', 2024, 0.1),
    ('PR-MERCH', 'KPI-DIST', 2024, 0.3), ('PR-MERCH', 'KPI-POGR', 2024, 0.25),
    ('PR-MERCH', 'KPI-MTRL', 2024, 0.2), ('PR-MERCH', 'KPI-BUTIK', 2024, 0.25),
    ('PR-KAM', 'KPI-VOL', 2024, 0.3), ('PR-KAM', 'KPI-FAK', 2024, 0.3),
    ('PR-KAM', 'KPI-KAM', 2024, 0.2), ('PR-KAM', 'KPI-LEV', 2024, 0.1),
    ('PR-KAM', 'KPI-NKI', 2024, 0.1),
    ('PR-CHEF', 'KPI-VOL', 2024, 0.4), ('PR-CHEF', 'KPI-FAK', 2024, 0.3),
    ('PR-CHEF', 'KPI-MED', 2024, 0.3),
    ('PR-REGION', 'KPI-VOL', 2024, 0.3), ('PR-REGION', 'KPI-FAK', 2024, 0.3),
    ('PR-REGION', 'KPI-TB', 2024, 0.2), ('PR-REGION', 'KPI-HALL', 2024, 0.2),
    ('PR-ALLT', 'KPI-VOL', 2026, 0.1), ('PR-ALLT', 'KPI-FAK', 2026, 0.09),
    ('PR-ALLT', 'KPI-NY', 2026, 0.09), ('PR-ALLT', 'KPI-TB', 2026, 0.09),
    ('PR-ALLT', 'KPI-MOTE', 2026, 0.09), ('PR-ALLT', 'KPI-PLAN', 2026, 0.09),
    ('PR-ALLT', 'KPI-KAM', 2026, 0.09), ('PR-ALLT', 'KPI-TBMOTE', 2026, 0.09),
    ('PR-ALLT', 'KPI-HALL', 2026, 0.09), ('PR-ALLT', 'KPI-FORB', 2026, 0.09),
    ('PR-ALLT', 'KPI-TCV', 2026, 0.09),
    ('PR-KAMNY', 'KPI-VOL', 2026, 0.4), ('PR-KAMNY', 'KPI-KAM', 2026, 0.3),
    ('PR-KAMNY', 'KPI-HALL', 2026, 0.3)
) as w (profile_id, kpi_id, y, weight);

create or replace temp view e_profile_kpis as
select
    profile_id,
    kpi_id,
    make_date(y, 1, 1) as valid_from,
    cast(weight as decimal(18, 10)) as weight,
    cast(1.2 as decimal(18, 10)) as cap,
    cast(row_number() over (partition by profile_id, y order by weight desc, kpi_id) as integer)
        as position,
    make_date(y - 1, 12, 6) as _created,
    make_date(y - 1, 12, 6) as _changed
from profile_weights;

create or replace temp view e_rep_profiles as
with

chosen as (
    select
        rep_no,
        hire,
        leave,
        case
            when role = 'kam' then 'PR-KAM'
            when role = 'region_manager' then 'PR-REGION'
            when role = 'sales_manager' then 'PR-CHEF'
            when kind <> 'field' then 'PR-B2B'
            when position % 2 = 0 then 'PR-MERCH'
            else 'PR-FIELD'
        end as profile_id,
        t = 1 and position = 4 and leave >= date '2026-01-31' as is_overloaded
    from people
    where leave >= date '2024-01-31'
),

dated as (
    select
        rep_no,
        leave,
        profile_id,
        greatest(hire, date '2024-01-01') as valid_from,
        case when is_overloaded then date '2026-01-01' end as replaced_on,
        greatest(hire - 10, date '2023-12-08') as recorded
    from chosen
    where not is_overloaded or hire < date '2026-01-01'
    union all
    select
        rep_no,
        leave,
        'PR-ALLT',
        greatest(hire, date '2026-01-01'),
        null,
        greatest(hire - 10, date '2025-12-08')
    from chosen
    where is_overloaded
)

select
    rep_id(rep_no) as rep_id,
    valid_from,
    profile_id,
    case
        when replaced_on is not null
            then case when known(date '2025-12-08') then replaced_on end
        when known(leave - 30) then leave + 1
    end as valid_to,
    recorded as _created,
    greatest(
        recorded, upto(case when replaced_on is null then leave - 30 else date '2025-12-08' end)
    ) as _changed
from dated;

-- Check-points are set twenty days before the period they belong to: two in a month or a quarter,
-- three in a year.
create or replace temp view e_checkpoints as
with

points as (
    select
        kpi_list.kpi_id,
        kpi_list.n,
        quarters.q as begins,
        points.n as point,
        weekday(quarters.q + points.n * 30) as day,
        points.n / 3 as planned_share,
        year(quarters.q) || 'Q' || quarter(quarters.q) as period_name,
        2 as points_in_period,
        months_from(date '2020-01-01', quarters.q) // 3 as periods_before
    from kpi_list
    cross join quarters
    cross join (values (1), (2)) as points (n)
    where
        kpi_list.sales_period = 'quarter'
        -- Of the value of whole contracts there is one only: too late to do anything about it.
        and (kpi_list.kpi_id <> 'KPI-TCV' or points.n = 2)
    union all
    select
        kpi_list.kpi_id,
        kpi_list.n,
        months_later(quarters.q, months.n),
        points.n,
        weekday(months_later(quarters.q, months.n) + points.n * 9),
        points.n / 3,
        year(quarters.q) || 'M'
        || lpad(cast(month(months_later(quarters.q, months.n)) as varchar), 2, '0'),
        2,
        months_from(date '2020-01-01', quarters.q) + months.n
    from kpi_list
    cross join quarters
    cross join (values (0), (1), (2)) as months (n)
    cross join (values (1), (2)) as points (n)
    where kpi_list.sales_period = 'month'
    union all
    select
        kpi_list.kpi_id,
        kpi_list.n,
        quarters.q,
        points.n,
        weekday(quarters.q + points.n * 90),
        points.n / 4,
        cast(year(quarters.q) as varchar),
        3,
        year(quarters.q) - 2020
    from kpi_list
    cross join quarters
    cross join (values (1), (2), (3)) as points (n)
    where kpi_list.sales_period = 'year' and month(quarters.q) = 1
),

noted as (
    select
        points.*,
        known(day) as is_past,
        -- One after the other, so that each of them has been seen after two periods.
        (n + points_in_period * periods_before + point) % 4 + 1 as standing
    from points
    -- Of a proposal nobody has thought so far.
    where begins >= date '2024-01-01' and kpi_id <> 'KPI-NKI'
),

decided as (
    select
        noted.*,
        case
            when kpi_id = 'KPI-TBMOTE' and point = 1 then 'behind'
            else ['on_track', 'behind', 'ahead', 'at_risk'][standing]
        end as status,
        kpi_id = 'KPI-VOL' and month(day) = 5 as is_adjusted,
        -- Nobody has ever done anything about the margin of a meeting.
        kpi_id <> 'KPI-TBMOTE' as is_followed,
        standing in (2, 4) and kpi_id <> 'KPI-TBMOTE' as is_acted_on,
        weekday(day + 4 + pick(n * 100000 + (day - date '2020-01-01'), 'done', 5)) as done_day,
        pick(n * 100000 + (day - date '2020-01-01'), 'feedback', 4) + 1 as feedback
    from noted
)

select
    'CP-' || decided.kpi_id || '-' || period_name || '-' || point as checkpoint_id,
    decided.kpi_id,
    -- The quarters of a year are not there yet when its check-points are set.
    case when period_name not similar to '[0-9]+' then 'SP-' || year(day) || 'Q' || quarter(day) end
        as sales_period_id,
    day as date,
    cast(round(planned_share, 2) as decimal(18, 10)) as planned_share,
    stamp(begins - 20, n) as created_at,
    cast(null as decimal(18, 4)) as outcome,
    case when is_past then decided.status end as status,
    case
        when not is_past or not is_followed then null
        when is_adjusted then 'adjust_target' when is_acted_on then 'act' else 'keep'
    end as decision,
    case
        when not is_past then null
        when is_adjusted then 'Målen höjs för dem som tagit över kunder'
        when is_acted_on then kpi_answers.action_if_not_met
    end as action_text,
    case when is_past and (is_acted_on or is_adjusted) then kpi_answers.kpi_owner end
        as action_owner,
    case when is_past and (is_acted_on or is_adjusted) then weekday(day + 10) end as due_date,
    case when is_acted_on and known(done_day) then stamp(done_day, n) end as done_at,
    case
        when is_acted_on and known(done_day) then [
            'Bra initiativ, fortsätt så och visa de andra hur du gjorde',
            'Du är på rätt väg; jag följer med på ett möte nästa vecka',
            'Kundurvalet är bättre nu, men förberedelserna brister fortfarande',
            'Säg till om du behöver hjälp att prioritera bort något'
        ][feedback]
    end as feedback_text,
    case when is_acted_on and known(done_day) then kpi_answers.kpi_owner end as feedback_by,
    cast(case when is_past and is_adjusted then 2 end as integer) as adjusted_target_version,
    begins - 20 as _created,
    greatest(
        begins - 20, upto(day), upto(case when is_acted_on then done_day end)
    ) as _changed
from decided
inner join kpi_answers on decided.kpi_id = kpi_answers.kpi_id;
