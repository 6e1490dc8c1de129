-- Pseudo-random numbers come from hashes of keys, never from a generator with a state: any row of
-- any day can be computed alone, in any order, on any number of threads.

create or replace macro u(k, tag) as
cast((hash(hash(k, tag || '$seed')) >> 11) as double) / 9007199254740992.0;

create or replace macro pick(k, tag, n) as
cast(hash(hash(k, tag || '$seed')) % cast(n as ubigint) as integer);

-- A number in [0, 1) from sixteen bits of a hash.
create or replace macro sixteen_bits(h, shift) as cast((h >> shift) & 65535 as double) / 65536.0;

-- Normally distributed, mean 0, deviation 1.
create or replace macro gauss(k, tag) as
sqrt(-2 * ln(1 - u(k, tag || '1'))) * cos(2 * pi() * u(k, tag || '2'));

-- Years until something happens that happens `rate` times a year.
create or replace macro waiting_years(k, tag, rate) as -ln(1 - u(k, tag)) / rate;

-- The last local day whose recordings are in this delivery.
create or replace macro cut() as date '$cut';

-- What happened on day d, as far as this delivery may know.
create or replace macro upto(d) as case when d <= cut() then d end;
create or replace macro known(d) as coalesce(d <= cut(), false);

create or replace macro horizon() as date '$horizon';

-- Days from an event to its registration in the CRM: mostly at once, some in a later month.
create or replace macro crm_lag(k, tag) as case
    when u(k, tag) < 0.70 then 0
    when u(k, tag) < 0.96 then 1 + pick(k, tag || 'd', 3)
    when u(k, tag) < 0.97 then 4 + pick(k, tag || 'd', 6)
    else 10 + pick(k, tag || 'd', 51)
end;

-- The ERP registers at once, but for a few documents that were lying around.
create or replace macro erp_lag(k, tag) as case
    when u(k, tag) < 0.970 then 0
    when u(k, tag) < 0.992 then 1 + pick(k, tag || 'd', 3)
    else 10 + pick(k, tag || 'd', 51)
end;

-- Saturday and Sunday move to Monday.
create or replace macro weekday(d) as
cast(d as date) + case isodow(d) when 6 then 2 when 7 then 1 else 0 end;

create or replace macro months_later(d, n) as
cast(d + to_months(cast(n as integer)) as date);

create or replace macro month_of(d) as cast(date_trunc('month', d) as date);

-- Whole months between the firsts of two months.
create or replace macro months_from(d, e) as
cast((year(e) - year(d)) * 12 + month(e) - month(d) as integer);

create or replace macro month_index(d) as cast((year(d) - 2015) * 12 + month(d) as bigint);

-- A UTC time within office hours of local day d.
create or replace macro stamp(d, k) as
cast(d as timestamp) + to_seconds(21600 + pick(hash(k, d), 'stamp', 36000));

-- Both systems store the day's work in the evening: after everything that happened on the day, and
-- before midnight in Stockholm, summer and winter.
create or replace macro evening(d, k) as
cast(d as timestamp) + to_seconds(59400 + pick(hash(k, d), 'evening', 14400));

create or replace macro season(d) as
list_extract(
    [0.86, 0.90, 1.00, 0.98, 1.02, 1.08, 0.78, 0.92, 1.06, 1.08, 1.14, 1.24], month(d)
);

create or replace macro growth(d) as pow(1.04, (d - date '2023-01-01') / 365.25);

-- Value of one unit of a currency in SEK, around which the daily rates move.
create or replace macro fx(currency) as
case currency when 'EUR' then 11.30 when 'DKK' then 1.515 when 'NOK' then 0.985 else 1.0 end;

create or replace macro rep_id(n) as 'R' || lpad(cast(n as varchar), 5, '0');
create or replace macro customer_id(n) as 'C' || lpad(cast(n as varchar), 7, '0');
create or replace macro store_id(n) as 'B' || lpad(cast(n as varchar), 7, '0');
create or replace macro contract_id(n) as 'K' || lpad(cast(n as varchar), 9, '0');
create or replace macro product_id(n) as 'P' || lpad(cast(n as varchar), 4, '0');
create or replace macro team_id(n) as 'T' || lpad(cast(n + 1 as varchar), 3, '0');
create or replace macro activity_id(n) as 'A' || lpad(cast(n as varchar), 9, '0');
create or replace macro opportunity_id(n) as 'O' || lpad(cast(n as varchar), 10, '0');

-- New business always starts as an opportunity, a renewal seldom does.
create or replace macro has_opportunity(gk, g) as g = 0 or u(gk, 'is_opportunity') < 0.3;

create or replace macro visit_purpose(draw) as case
    when draw < 0.40 then 'audit' when draw < 0.80 then 'selling' when draw < 0.95 then 'merchandising' else
        'service'
end;

-- What an article costs on the shelves of a chain, without regard to currency.
create or replace macro shelf_price(chain, p, d) as
round(
    (14 + pick(p, 'shelf', 60))
    * (0.95 + 0.1 * u(chain * 1000 + p, 'chain_price'))
    * pow(1.025, year(d) - 2023),
    1
);

-- What a chain takes for it while a campaign that begins on d runs.
create or replace macro campaign_price(chain, p, d) as round(0.8 * shelf_price(chain, p, d), 1);

-- What a chain has agreed to carry; its hypermarkets carry every third own article beside it.
create or replace macro is_agreed(chain, p) as u(chain * 1000 + p, 'listed') < 0.5;
