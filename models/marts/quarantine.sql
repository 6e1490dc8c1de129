select * from {{ ref('int_staging__quarantine') }}
