{{ parameters_over_time('planning_parameters', [
    'minimum_margin_per_rep_month',
    'over_assignment_warning',
    'stretch_spread_warning',
    'attainable_growth',
    'attainable_share',
    'history_years',
    'full_day_hours',
    'week_workdays',
    'revenue_months',
    'consistency_tolerance',
], 'decimal(18, 4)') }}
