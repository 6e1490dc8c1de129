with context as (
    select * from {{ ref('int_core__context') }}
),

parameters as (
    select parameters.*
    from {{ ref('int_scoring__parameters') }} as parameters
    inner join context
        on context.as_of >= parameters.valid_from and context.as_of < parameters.valid_to
),

-- A key figure's period gives way to the next on the day it ends, so nobody is shown how it ended.
-- A budget stays until it is closed.
closed_nights as (
    select
        as_of,
        subject_id,
        node_level,
        node_id,
        period_start,
        period_end,
        definition_version,
        value
    from {{ ref('int_scoring__frozen_scores') }}
    where subject_type = 'budget' and is_closed
),

closed as (
    select
        subject_id,
        node_level,
        node_id,
        period_start,
        period_end,
        min(as_of) as closed_as_of
    from closed_nights
    group by subject_id, node_level, node_id, period_start, period_end
),

finals as (
    select
        closed.*,
        closed_nights.definition_version,
        closed_nights.value as final_value
    from closed
    inner join closed_nights
        on
            closed.subject_id = closed_nights.subject_id
            and closed.node_level = closed_nights.node_level
            and closed.node_id = closed_nights.node_id
            and closed.closed_as_of = closed_nights.as_of
    where closed_nights.value is not null
),

-- What was published on the first night on which so much of the period had gone, if there was one
-- soon after.
offered as (
    select
        frozen.budget_type_id,
        frozen.subject_id,
        frozen.node_level,
        frozen.node_id,
        frozen.period_start,
        frozen.period_end,
        shares.elapsed_share,
        frozen.as_of as forecast_as_of,
        frozen.forecast,
        finals.final_value,
        row_number() over (
            partition by
                frozen.subject_id, frozen.node_level, frozen.node_id, frozen.period_start,
                frozen.period_end, shares.elapsed_share
            order by frozen.as_of
        ) as offer_no
    from finals
    inner join {{ ref('int_scoring__frozen_scores') }} as frozen
        on
            finals.subject_id = frozen.subject_id
            and finals.node_level = frozen.node_level
            and finals.node_id = frozen.node_id
            and finals.period_start = frozen.period_start
            and finals.period_end = frozen.period_end
            and finals.definition_version = frozen.definition_version
            and finals.period_end > frozen.as_of
    cross join parameters
    inner join {{ ref('forecast_shares') }} as shares
        on
            frozen.elapsed_share >= shares.elapsed_share
            and frozen.elapsed_share < shares.elapsed_share + parameters.forecast_share_tolerance
    where
        frozen.subject_type = 'budget'
        and frozen.forecast is not null
        and frozen.forecast_method not in ('too_early', 'final')
)

select
    budget_type_id,
    subject_id as budget_id,
    node_level,
    node_id,
    period_start,
    period_end,
    elapsed_share,
    forecast_as_of,
    forecast,
    final_value,
    {{ ratio('abs(forecast - final_value)', 'abs(final_value)') }} as absolute_error
from offered
where offer_no = 1
