-- A deleted customer is one of which the CRM says nothing any more.
with versions as (
    select
        customer_id,
        case when not is_deleted then customer_since end as customer_since,
        case when not is_deleted then lost_at end as lost_at,
        not is_deleted and coalesce(is_internal, false) as is_internal,
        known_from
    from {{ ref('stg_canonical__customers') }}
),

with_earlier as (
    select
        *,
        row_number() over (partition by customer_id order by known_from) as version_no,
        lag(customer_since) over (partition by customer_id order by known_from)
            as customer_since_before,
        lag(lost_at) over (partition by customer_id order by known_from) as lost_at_before,
        lag(is_internal) over (partition by customer_id order by known_from) as was_internal
    from versions
),

-- Other columns change too: a version that says the same of these is no new statement.
statements as (
    select
        customer_id,
        customer_since,
        lost_at,
        is_internal,
        known_from,
        coalesce(
            lead(known_from) over (partition by customer_id order by known_from),
            cast('9999-12-31' as timestamp)
        ) as known_to
    from with_earlier
    where
        version_no = 1
        or customer_since is distinct from customer_since_before
        or lost_at is distinct from lost_at_before
        or is_internal <> was_internal
),

-- What lies before the history that the extracts hold is taken as one event on the eve of it.
histories as (
    select
        valid_from,
        valid_to,
        {{ add_days("cast(concat(history_begins_year, '-01-01') as date)", -1) }} as eve_on
    from {{ ref('int_core__parameters') }}
)

select
    statements.customer_id,
    statements.customer_since,
    case
        when statements.customer_since is not null
            then greatest(statements.customer_since, histories.eve_on)
    end as told_on,
    coalesce(statements.customer_since <= histories.eve_on, false) as is_from_before,
    statements.lost_at,
    statements.is_internal,
    statements.known_from,
    statements.known_to
from statements
left join histories
    on
        statements.customer_since >= histories.valid_from
        and statements.customer_since < histories.valid_to
