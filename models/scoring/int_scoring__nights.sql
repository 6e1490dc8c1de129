select distinct
    as_of,
    publication_id
from {{ source('run', 'history_scores') }}
