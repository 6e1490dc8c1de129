select
    customer_id,
    rep_id,
    role,
    valid_from,
    coalesce(valid_to, cast('9999-12-31' as date)) as valid_to,
    known_from,
    known_to
from {{ ref('stg_canonical__customer_assignments') }}
where not is_deleted and role in ('owner', 'kam')
