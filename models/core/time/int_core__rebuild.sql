{%- set entities = [
    'activities',
    'activity_participants',
    'areas',
    'assortment_targets',
    'business_categories',
    'calendar',
    'campaign_stores',
    'campaigns',
    'contacts',
    'contract_lines',
    'contracts',
    'credit_splits',
    'customer_assignments',
    'customers',
    'decision_ladder',
    'deliveries',
    'exchange_rates',
    'invoice_lines',
    'invoices',
    'opportunities',
    'opportunity_stage_history',
    'opportunity_stages',
    'order_lines',
    'orders',
    'planograms',
    'products',
    'purchase_methods',
    'rep_costs',
    'rep_managers',
    'rep_team_assignments',
    'reps',
    'retailer_prices',
    'sales_periods',
    'store_agreements',
    'store_audit_facings',
    'store_audit_lines',
    'store_audit_points',
    'store_audits',
    'store_category_turnover',
    'store_standards',
    'stores',
    'survey_responses',
    'target_lists',
    'team_regions',
    'teams',
] -%}
{#- Entities that make periods, and their keys. -#}
{%- set period_entities = [
    ('campaigns', 'campaign_id'),
    ('sales_periods', 'sales_period_id'),
] -%}

with context as (
    select
        is_full or base_as_of is null as is_full,
        coalesce(base_as_of, cast('1900-01-01' as date)) as base_as_of
    from {{ ref('int_core__context') }}
),

-- What came in since the base, and from when on it is known.
news as (
    {{ news_of(entities) }}
),

-- A period that was added, moved or taken back changes figures from its first day on, whenever that
-- is: what was booked since is cut at other borders.
{%- for entity, key in period_entities %}
    changed_{{ entity }} as (
        select distinct versions.{{ key }}
        from {{ ref('base_canonical__' ~ entity) }} as versions
        cross join context
        where
            versions.quarantine_reason is null
            and not context.is_full
            and (
                versions.first_extract_date > context.base_as_of
                or versions.known_from >= {{ local_midnight_utc('context.base_as_of') }}
            )
    ),
{% endfor %}
moved_periods as (
    {% for entity, key in period_entities -%}
        select min(versions.start_date) as moved_from
        from {{ ref('base_canonical__' ~ entity) }} as versions
        inner join changed_{{ entity }} as changed on versions.{{ key }} = changed.{{ key }}
        where versions.quarantine_reason is null
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

-- An extract that is older than the base, or was replaced or withdrawn, can have changed anything.
out_of_order as (
    select count(*) as extracts
    from {{ source('run', 'changed_extracts') }} as changed_extracts
    cross join context
    where changed_extracts.extract_date <= context.base_as_of and not context.is_full
),

moments as (
    select
        case
            when context.is_full or out_of_order.extracts > 0
                then cast('1900-01-01' as timestamp)
            else least(
                {{ local_midnight_utc('context.base_as_of') }},
                coalesce(
                    (select min(news.known_from) from news),
                    {{ local_midnight_utc('context.base_as_of') }}
                ),
                coalesce(
                    (
                        select {{ local_midnight_utc('min(moved_periods.moved_from)') }}
                        from moved_periods
                    ),
                    {{ local_midnight_utc('context.base_as_of') }}
                )
            )
        end as changed_from
    from context
    cross join out_of_order
)

select
    moments.changed_from,
    coalesce(min(months.month_start), cast('1900-01-01' as date)) as rebuild_from,
    coalesce(min(months.opens_at), cast('1900-01-01' as timestamp)) as rebuild_opens_at
from moments
left join {{ ref('int_core__booking_months') }} as months
    on moments.changed_from < months.closes_at
group by moments.changed_from
