{{ parameters_over_time('scoring_parameters', [
    'default_cap',
    'least_weight_scored',
], 'decimal(18, 4)') }}
