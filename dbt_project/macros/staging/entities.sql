{#- The canonical entities, in the order of `_canonical__sources.yml`, for models that look at all
    of them: dbt cannot list what a folder holds. `tests/unit/test_staging.py` compares. -#}
{% macro canonical_entities() -%}
    {{ return([
        'reps', 'rep_team_assignments', 'rep_managers', 'teams', 'team_regions', 'regions',
        'rep_channels', 'rep_costs', 'rep_absences', 'calendar', 'customers',
        'customer_assignments', 'areas', 'business_categories', 'purchase_methods', 'contacts',
        'decision_ladder', 'products', 'contracts', 'contract_lines', 'credit_splits',
        'renewal_rates', 'invoices', 'invoice_lines', 'orders', 'order_lines', 'deliveries',
        'activities', 'activity_participants', 'opportunities', 'opportunity_stage_history',
        'opportunity_stages', 'target_lists', 'stores', 'store_category_turnover',
        'assortment_targets', 'store_audits', 'store_audit_lines', 'store_audit_facings',
        'store_audit_points', 'store_agreements', 'retailer_prices', 'store_standards',
        'planograms', 'campaign_stores', 'sales_periods', 'campaigns', 'survey_responses',
        'training_events', 'exchange_rates', 'budgets', 'budget_targets',
        'monthly_distributions', 'kpis', 'kpi_profiles', 'profile_kpis', 'rep_profiles',
        'checkpoints'
    ]) }}
{%- endmacro %}
