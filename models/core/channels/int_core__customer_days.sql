{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_months() }}") }}

with events as (
    select * from {{ ref('int_core__customer_events') }}
),

months as (
    select * from {{ ref('int_core__booking_months') }}
),

links as (
    select
        merged.customer_id,
        months.month_start as booking_month,
        months.knowledge_at
    from {{ ref('int_core__customer_merges') }} as merged
    inner join months
        on merged.known_from >= months.opens_at and merged.known_from < months.closes_at
),

-- Whoever points, directly or over a link, to a customer that is merged in this month moves too.
moves as (
    select distinct
        moved.customer_id,
        links.booking_month,
        links.knowledge_at
    from links
    inner join {{ ref('int_core__customer_merges') }} as moved
        on
            (moved.customer_id = links.customer_id or moved.merged_into_id = links.customer_id)
            and {{ known_at('moved', 'links.knowledge_at') }}
),

inherited as (
    select
        moves.booking_month,
        {{ surviving_customer('moves.customer_id') }} as customer_id,
        min(events.event_on) as event_on,
        min(events.began_on) as began_on,
        max(events.active_until) as active_until
    from moves
    inner join events
        on
            moves.customer_id = events.customer_id
            and moves.booking_month > events.booking_month
    {{ join_surviving_customer('moves.customer_id', 'moves.knowledge_at') }}
    where {{ is_rebuilt('moves.booking_month') }}
    group by 1, 2
),

days as (
    select
        booking_month,
        customer_id,
        visible_from,
        min(began_on) as first_event_on,
        max(event_on) as last_event_on,
        max(active_until) as active_until
    from events
    where {{ is_rebuilt('booking_month') }}
    group by booking_month, customer_id, visible_from
),

with_inherited as (
    select
        booking_month,
        customer_id,
        visible_from,
        first_event_on,
        last_event_on,
        active_until,
        false as is_carried
    from days

    union all

    select
        booking_month,
        customer_id,
        {{ add_days('booking_month', -1) }} as visible_from,
        began_on as first_event_on,
        event_on as last_event_on,
        active_until,
        false as is_carried
    from inherited
    {% if is_incremental() %}
    union all

    -- All four running values only grow, so their largest is the state before the rebuilt months.
    select
        max(booking_month) as booking_month,
        customer_id,
        max(visible_from) as visible_from,
        min(first_event_on) as first_event_on,
        max(reactivated_on) as last_event_on,
        max(active_until) as active_until,
        true as is_carried
    from {{ this }}
    group by customer_id
    {% endif %}
),

ordered as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by
                booking_month asc,
                visible_from asc,
                is_carried desc,
                first_event_on asc,
                active_until asc
        ) as event_no
    from with_inherited
),

running as (
    select
        *,
        max(active_until) over (
            partition by customer_id order by event_no
            rows between unbounded preceding and 1 preceding
        ) as active_until_before,
        max(active_until) over (
            partition by customer_id order by event_no
            rows between unbounded preceding and current row
        ) as active_until_running,
        min(first_event_on) over (
            partition by customer_id order by event_no
            rows between unbounded preceding and current row
        ) as first_event_running
    from ordered
),

with_losses as (
    select
        running.*,
        customers.lost_at
    from running
    left join months on running.booking_month = months.month_start
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            running.customer_id = customers.customer_id
            and {{ known_at('customers', 'months.knowledge_at') }}
            and customers.lost_at is not null
),

parameters as (
    select * from {{ ref('int_core__parameters') }}
),

flagged as (
    select
        with_losses.*,
        coalesce(
            not with_losses.is_carried
            and (
                with_losses.last_event_on > with_losses.active_until_before
                or (
                    with_losses.lost_at <= with_losses.last_event_on
                    and with_losses.lost_at
                    > {{ add_days('with_losses.active_until_before', '-parameters.passive_days') }}
                )
            ),
            false
        ) as is_reactivation
    from with_losses
    inner join parameters
        on
            with_losses.booking_month >= parameters.valid_from
            and with_losses.booking_month < parameters.valid_to
),

final as (
    select
        booking_month,
        customer_id,
        visible_from,
        event_no,
        first_event_running as first_event_on,
        active_until_running as active_until,
        active_until_before,
        is_reactivation,
        max(case when is_reactivation or is_carried then last_event_on end) over (
            partition by customer_id order by event_no
            rows between unbounded preceding and current row
        ) as reactivated_on,
        is_carried
    from flagged
)

select
    booking_month,
    customer_id,
    visible_from,
    first_event_on,
    active_until,
    active_until_before,
    is_reactivation,
    reactivated_on
from final
where not is_carried
