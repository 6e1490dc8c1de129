{%- set entities = [
    'reps', 'rep_team_assignments', 'rep_managers', 'teams', 'team_regions', 'regions',
    'rep_channels', 'rep_costs', 'rep_absences', 'calendar', 'customers', 'customer_assignments',
    'areas', 'business_categories', 'purchase_methods', 'contacts', 'decision_ladder', 'products',
    'contracts', 'contract_lines', 'credit_splits', 'renewal_rates', 'invoices', 'invoice_lines',
    'orders', 'order_lines', 'deliveries', 'activities', 'activity_participants', 'opportunities',
    'opportunity_stage_history', 'opportunity_stages', 'target_lists', 'stores',
    'store_category_turnover', 'assortment_targets', 'store_audits', 'store_audit_lines',
    'store_audit_facings', 'store_audit_points', 'store_agreements', 'retailer_prices',
    'store_standards', 'planograms', 'campaign_stores', 'sales_periods', 'campaigns',
    'survey_responses', 'training_events', 'exchange_rates', 'budgets', 'budget_targets',
    'monthly_distributions', 'kpis', 'kpi_profiles', 'profile_kpis', 'rep_profiles',
    'checkpoints'
] -%}

with

rejects as (
    select * from {{ source('run', 'rejects') }}
),

quarantine_reasons as (
    select * from {{ ref('quarantine_reasons') }}
),

set_aside as (
    {%- for entity in entities %}
        {{ set_aside_rows(entity) }}
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

set_aside_with_texts as (
    select
        set_aside.*,
        quarantine_reasons.text_en || ' (' || set_aside.column_name || ').' as reason_text_en,
        quarantine_reasons.text_sv || ' (' || set_aside.column_name || ').' as reason_text_sv
    from set_aside
    left join quarantine_reasons
        on set_aside.reason_code = quarantine_reasons.reason_code
),

-- ingest says in words what was wrong with a line it could not read, and with which file
unread as (
    select
        rejects.source_system,
        rejects.entity,
        rejects.source_file,
        rejects.line,
        cast(null as bigint) as record_no,
        rejects.extract_date,
        cast(null as varchar) as key_text,
        rejects.reason_code,
        cast(null as varchar) as column_name,
        rejects.raw_text as raw_row,
        rejects.extract_date as first_seen,
        cast(null as date) as resolved_at,
        rejects.reason_text as reason_text_en,
        coalesce(quarantine_reasons.text_sv || '.', rejects.reason_text) as reason_text_sv
    from rejects
    left join quarantine_reasons
        on rejects.reason_code = quarantine_reasons.reason_code
),

all_rows as (
    select * from set_aside_with_texts

    union all

    select * from unread
),

final as (
    select
        source_system,
        entity,
        source_file,
        line,
        record_no,
        extract_date,
        key_text,
        reason_code,
        column_name,
        reason_text_en,
        reason_text_sv,
        raw_row,
        first_seen,
        resolved_at
    from all_rows
)

select * from final
