{{ parameters_over_time('scoring_parameters', [
    'default_cap',
    'least_weight_scored',
    'territory_low_outcome',
    'territory_high_potential',
], 'decimal(18, 4)') }}
