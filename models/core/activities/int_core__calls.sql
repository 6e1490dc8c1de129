{{ config(materialized="view") }}

-- The same rep, the same person and the same minute are the same call, however often it was
-- entered; a call that names nobody is like no other.
select
    activity_id,
    case
        when contact_id is null then activity_id
        else {{ hash_key(['owner_rep_id', 'contact_id', "date_trunc('minute', completed_at)"]) }}
    end as call_key,
    owner_rep_id,
    customer_id,
    store_id,
    {{ local_date('completed_at') }} as event_date,
    coalesce(is_connected, false) as is_connected,
    coalesce(direction, '') = 'outbound'
    and coalesce(status, 'held') not in ('cancelled', 'no_show')
    and not is_deleted as is_made,
    known_from,
    known_to
from {{ ref('stg_canonical__activities') }}
where type = 'call' and completed_at is not null
