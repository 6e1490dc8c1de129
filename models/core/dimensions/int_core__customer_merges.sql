select
    customer_id,
    merged_into_id,
    known_from,
    known_to
from {{ ref('stg_canonical__customers') }}
where merged_into_id is not null and not is_deleted and merged_into_id <> customer_id
