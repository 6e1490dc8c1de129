{{ parameters_over_time('scoring_parameters', [
    'default_cap',
    'least_weight_scored',
    'least_elapsed_share',
    'ahead_from',
    'on_track_from',
    'behind_from',
    'least_checkpoints',
    'ended_budget_days',
    'territory_low_outcome',
    'territory_high_potential',
], 'decimal(18, 4)') }}
