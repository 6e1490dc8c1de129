{#- What the sentences have places for. -#}
{%- set figures = [
    ('share', 'levelled.share_percent'),
    ('company_share', 'levelled.company_percent'),
    ('left', 'greatest(100 - levelled.share_percent, 0)'),
    ('visits', 'levelled.visits'),
    ('unvisited', 'levelled.customers - levelled.visited_customers'),
    ('customers', 'levelled.customers'),
] -%}
{%- set sentences = {} -%}
{%- for language in ['en', 'sv'] -%}
    {%- set text = namespace(sql='readings.text_' ~ language) -%}
    {%- for name, figure in figures -%}
        {%- set text.sql = "replace(" ~ text.sql ~ ", '{" ~ name ~ "}', cast("
            ~ figure ~ " as varchar))" -%}
    {%- endfor -%}
    {%- do sentences.update({language: text.sql}) -%}
{%- endfor -%}

with context as (
    select
        as_of,
        cut_off_utc,
        {{ trunc_date('month', 'as_of') }} as window_end,
        {{ add_months(trunc_date('month', 'as_of'), -12) }} as window_start
    from {{ ref('int_core__context') }}
),

parameters as (
    select parameters.*
    from {{ ref('int_scoring__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

-- Without invoices the company has no figure, and its areas have none either.
company_periods as (
    select
        outcomes.period_type,
        outcomes.period_start,
        outcomes.period_end
    from {{ ref('outcomes') }} as outcomes
    where
        outcomes.budget_type_id = 'invoiced_revenue'
        and outcomes.parameter_set_id = 'default'
        and outcomes.node_level = 'company'
        and outcomes.basis = 'restated'
        and outcomes.period_type in ('month', 'quarter', 'year')
        and coalesce(outcomes.reason_code, 'none') <> 'no_source'
),

periods as (
    select
        company_periods.period_type,
        company_periods.period_start,
        company_periods.period_end,
        {{ add_months('company_periods.period_start', -12) }} as last_year_start,
        {{ add_months('company_periods.period_end', -12) }} as last_year_end,
        {{ months_between('company_periods.period_start', 'company_periods.period_end') }}
            as months,
        company_periods.period_end <= context.as_of as is_over
    from company_periods
    cross join context
    where company_periods.period_type in ('quarter', 'year')

    union all

    select
        'last_12_months' as period_type,
        context.window_start as period_start,
        context.window_end as period_end,
        {{ add_months('context.window_start', -12) }} as last_year_start,
        {{ add_months('context.window_end', -12) }} as last_year_end,
        12 as months,
        true as is_over
    from context
    where context.window_start >= (
        select min(company_periods.period_start) as period_start
        from company_periods
        where company_periods.period_type = 'month'
    )
),

first_month as (
    select min(period_start) as month
    from company_periods
    where period_type = 'month'
),

monthly as (
    select
        member_id as area_id,
        period_start as month,
        numerator,
        case when reason_code is null then 0 else 1 end as is_unknown
    from {{ ref('outcomes_by_dimension') }}
    where
        budget_type_id = 'invoiced_revenue'
        and parameter_set_id = 'default'
        and dimension = 'area'
        and basis = 'restated'
        and period_type = 'month'
),

customers as (
    select * from {{ ref('int_scoring__customer_potentials') }}
),

potentials as (
    select
        area_id,
        max(area_name) as area_name,
        count(*) as customers,
        count(potential) as customers_with_potential,
        coalesce(sum(potential), 0) as potential
    from customers
    group by area_id
),

areas as (
    select area_id
    from potentials

    union

    select area_id
    from monthly
),

-- Who was met under a record that has been merged since then was met all the same.
visits as (
    select distinct
        coalesce(meetings.area_id, 'unassigned') as area_id,
        {{ surviving_customer('meetings.customer_id') }} as customer_id,
        meetings.activity_id,
        meetings.event_date
    from {{ ref('meetings') }} as meetings
    cross join context
    {{ join_surviving_customer('meetings.customer_id', 'context.cut_off_utc') }}
    where meetings.status = 'held'
),

visited as (
    select
        visits.area_id,
        periods.period_type,
        periods.period_start,
        count(distinct visits.activity_id) as visits
    from periods
    inner join visits
        on
            periods.period_start <= visits.event_date
            and periods.period_end > visits.event_date
    group by visits.area_id, periods.period_type, periods.period_start
),

met_customers as (
    select
        customers.area_id,
        periods.period_type,
        periods.period_start,
        count(distinct customers.customer_id) as customers
    from periods
    inner join visits
        on
            periods.period_start <= visits.event_date
            and periods.period_end > visits.event_date
    inner join customers on visits.customer_id = customers.customer_id
    group by customers.area_id, periods.period_type, periods.period_start
),

outcome_sums as (
    select
        areas.area_id,
        periods.period_type,
        periods.period_start,
        sum(
            case when monthly.month >= periods.period_start then monthly.numerator else 0 end
        ) as outcome,
        sum(
            case when monthly.month >= periods.period_start then monthly.is_unknown else 0 end
        ) as unknown_months,
        sum(
            case when monthly.month < periods.last_year_end then monthly.numerator else 0 end
        ) as outcome_last_year,
        sum(
            case when monthly.month < periods.last_year_end then monthly.is_unknown else 0 end
        ) as unknown_last_year
    from areas
    cross join periods
    inner join monthly
        on
            areas.area_id = monthly.area_id
            and periods.last_year_start <= monthly.month
            and periods.period_end > monthly.month
    where monthly.month >= periods.period_start or monthly.month < periods.last_year_end
    group by areas.area_id, periods.period_type, periods.period_start
),

measured as (
    select
        areas.area_id,
        potentials.area_name,
        periods.period_type,
        periods.period_start,
        periods.period_end,
        periods.is_over,
        coalesce(outcome_sums.unknown_months, 0) > 0 as is_unknown,
        case
            when coalesce(outcome_sums.unknown_months, 0) = 0
                then coalesce(outcome_sums.outcome, 0)
        end as outcome,
        case
            when
                periods.is_over
                and periods.last_year_start >= first_month.month
                and coalesce(outcome_sums.unknown_last_year, 0) = 0
                then coalesce(outcome_sums.outcome_last_year, 0)
        end as outcome_last_year,
        coalesce(potentials.customers, 0) as customers,
        coalesce(potentials.customers_with_potential, 0) as customers_with_potential,
        {{ ratio('coalesce(potentials.potential, 0) * periods.months', '12', 4, decimals=4) }}
            as potential,
        coalesce(visited.visits, 0) as visits,
        coalesce(met_customers.customers, 0) as visited_customers
    from areas
    cross join periods
    cross join first_month
    left join potentials on areas.area_id = potentials.area_id
    left join outcome_sums
        on
            areas.area_id = outcome_sums.area_id
            and periods.period_type = outcome_sums.period_type
            and periods.period_start = outcome_sums.period_start
    left join visited
        on
            areas.area_id = visited.area_id
            and periods.period_type = visited.period_type
            and periods.period_start = visited.period_start
    left join met_customers
        on
            areas.area_id = met_customers.area_id
            and periods.period_type = met_customers.period_type
            and periods.period_start = met_customers.period_start
),

-- What the whole company takes of what could be taken, and how large an area is on average.
company as (
    select
        period_type,
        period_start,
        {{ ratio('sum(outcome)', 'sum(potential)', decimals=4) }} as share_of_potential,
        {{ ratio('sum(potential)', 'count(nullif(potential, 0))', 4, decimals=4) }}
            as mean_potential
    from measured
    where potential > 0
    group by period_type, period_start
    having count(outcome) = count(*)
),

shared as (
    select
        measured.*,
        case when measured.is_over then company.share_of_potential end as company_share,
        company.mean_potential,
        case
            when measured.is_over
                then {{ ratio('measured.outcome', 'measured.potential', decimals=4) }}
        end as share_of_potential,
        case
            when measured.outcome_last_year > 0
                then {{ ratio(
                    'measured.outcome - measured.outcome_last_year',
                    'measured.outcome_last_year',
                    decimals=4
                ) }}
        end as trend
    from measured
    left join company
        on
            measured.period_type = company.period_type
            and measured.period_start = company.period_start
),

compared as (
    select
        shared.*,
        -- Where the company took nothing, no area took little of it.
        case
            when shared.company_share > 0
                then {{ ratio('shared.share_of_potential', 'shared.company_share') }}
        end as of_company_share,
        {{ ratio('shared.potential', 'shared.mean_potential', decimals=4) }} as of_mean_potential
    from shared
),

levelled as (
    select
        compared.*,
        case
            when compared.of_company_share < parameters.territory_low_outcome then 'low'
            when compared.of_company_share is not null then 'high'
        end as outcome_level,
        case
            when compared.of_mean_potential >= parameters.territory_high_potential then 'high'
            when compared.of_mean_potential is not null then 'low'
        end as potential_level,
        cast(round(compared.share_of_potential * 100, 0) as bigint) as share_percent,
        cast(round(compared.company_share * 100, 0) as bigint) as company_percent
    from compared
    cross join parameters
),

-- Both sentences stand beside a low outcome; which one is true is for people to say.
worded as (
    select
        levelled.*,
        readings.reading,
        {{ sentences['en'] }} as text_en,
        {{ sentences['sv'] }} as text_sv
    from levelled
    cross join {{ ref('territory_readings') }} as readings
    where levelled.outcome_level = 'low'
),

readings as (
    select
        area_id,
        period_type,
        period_start,
        max(case when reading = 'leave' then text_en end) as reading_leave_en,
        max(case when reading = 'leave' then text_sv end) as reading_leave_sv,
        max(case when reading = 'untapped' then text_en end) as reading_untapped_en,
        max(case when reading = 'untapped' then text_sv end) as reading_untapped_sv
    from worded
    group by area_id, period_type, period_start
)

select
    cast(levelled.area_id as varchar) as area_id,
    cast(levelled.area_name as varchar) as area_name,
    cast(levelled.period_type as varchar) as period_type,
    levelled.period_start,
    levelled.period_end,
    levelled.is_over,
    cast(levelled.outcome as decimal(28, 4)) as outcome,
    cast(case when levelled.is_unknown then 'missing_rate' end as varchar) as reason_code,
    cast(levelled.outcome_last_year as decimal(28, 4)) as outcome_last_year,
    cast(levelled.trend as decimal(28, 10)) as trend,
    cast(levelled.customers as bigint) as customers,
    cast(levelled.customers_with_potential as bigint) as customers_with_potential,
    cast(levelled.potential as decimal(28, 4)) as potential,
    cast(levelled.share_of_potential as decimal(28, 10)) as share_of_potential,
    cast(levelled.company_share as decimal(28, 10)) as company_share,
    cast(levelled.visits as bigint) as visits,
    cast(levelled.visited_customers as bigint) as visited_customers,
    cast(lifetime_values.ltv_cost_ratio as decimal(28, 10)) as ltv_cost_ratio,
    cast(lifetime_values.reason_code as varchar) as ltv_reason_code,
    cast(levelled.outcome_level as varchar) as outcome_level,
    cast(levelled.potential_level as varchar) as potential_level,
    cast(readings.reading_leave_en as varchar) as reading_leave_en,
    cast(readings.reading_leave_sv as varchar) as reading_leave_sv,
    cast(readings.reading_untapped_en as varchar) as reading_untapped_en,
    cast(readings.reading_untapped_sv as varchar) as reading_untapped_sv
from levelled
left join readings
    on
        levelled.area_id = readings.area_id
        and levelled.period_type = readings.period_type
        and levelled.period_start = readings.period_start
-- The yearly cost of an area is that of the same twelve months, and of no other period.
left join {{ ref('rep_value') }} as lifetime_values
    on
        lifetime_values.dimension = 'area'
        and levelled.area_id = lifetime_values.member_id
        and levelled.period_type = 'last_12_months'
