{{ parameters_over_time('scoring_parameters', [
    'default_cap',
    'least_weight_scored',
    'least_checkpoints',
    'ended_budget_days',
], 'decimal(18, 4)') }}
