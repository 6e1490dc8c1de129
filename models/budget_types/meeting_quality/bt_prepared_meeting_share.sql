with qualities as (
    select * from {{ ref('fct_meeting_qualities') }}
    where quality in ('prepared', 'prepared_with_fallback')
),

meetings as (
    select * from {{ ref('fct_meeting_participations') }}
),

parameters as (
    select * from {{ ref('budget_type_parameters') }}
    where budget_type_id = 'prepared_meeting_share' and parameter = 'require_fallback'
),

parts as (
    select
        'numerator' as part,
        quality,
        activity_id,
        event_date,
        booking_date,
        rep_id,
        customer_id,
        area_id,
        business_category,
        purchase_method,
        meetings
    from qualities

    union all

    select
        'denominator' as part,
        cast(null as varchar) as quality,
        activity_id,
        event_date,
        booking_date,
        rep_id,
        customer_id,
        area_id,
        business_category,
        purchase_method,
        meetings
    from meetings
)

-- The set of parameters says whether the preparation must hold a fallback too.
select
    'prepared_meeting_share' as budget_type_id,
    parts.part,
    parameters.parameter_set_id,
    cast(null as date) as as_of,
    cast(null as varchar) as period_type,
    cast(null as date) as period_start,
    parts.event_date,
    parts.booking_date,
    parts.rep_id,
    parts.customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    parts.area_id,
    parts.business_category,
    parts.purchase_method,
    cast(null as varchar) as campaign_id,
    cast(parts.meetings as decimal(18, 4)) as amount,
    parts.activity_id as distinct_key,
    'participant' as credit_type,
    'activity' as record_type,
    parts.activity_id as record_id
from parts
inner join parameters
    on
        parts.event_date >= parameters.valid_from
        and parts.event_date < parameters.valid_to
        and (
            parts.quality is null
            or (parameters.value = 0 and parts.quality = 'prepared')
            or (parameters.value = 1 and parts.quality = 'prepared_with_fallback')
        )
