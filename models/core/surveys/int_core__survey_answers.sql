{{ config(materialized="incremental", pre_hook="{{ forget_rebuilt_periods() }}") }}

-- The score of a period stands on what was known when its last month closed.
with periods as (
    select
        periods.period_type,
        periods.period_start,
        periods.evaluated_to,
        periods.last_booking_month as booking_month,
        months.knowledge_at
    from {{ ref('int_core__periods') }} as periods
    inner join {{ ref('int_core__booking_months') }} as months
        on periods.last_booking_month = months.month_start
    where periods.period_type <> 'campaign' and {{ is_rebuilt('periods.last_booking_month') }}
),

answers as (
    select
        response_id,
        customer_id,
        contact_id,
        answered_at,
        score,
        known_from,
        known_to,
        {{ local_date('answered_at') }} as answered_on
    from {{ ref('stg_canonical__survey_responses') }}
    where not is_deleted and survey_type = 'nps' and score between 0 and 10
),

in_period as (
    select
        periods.period_type,
        periods.period_start,
        periods.booking_month,
        periods.knowledge_at,
        answers.response_id,
        answers.contact_id,
        answers.answered_at,
        answers.answered_on,
        answers.score,
        {{ surviving_customer('answers.customer_id') }} as customer_id
    from periods
    inner join answers
        on
            periods.period_start <= answers.answered_on
            and periods.evaluated_to > answers.answered_on
            and {{ known_at('answers', 'periods.knowledge_at') }}
    {{ join_surviving_customer('answers.customer_id', 'periods.knowledge_at') }}
),

-- Of each contact the latest answer; one without a contact stands for itself.
ranked as (
    select
        in_period.*,
        customers.area_id,
        customers.business_category,
        customers.purchase_method,
        row_number() over (
            partition by
                in_period.period_type,
                in_period.period_start,
                in_period.contact_id,
                case when in_period.contact_id is null then in_period.response_id end
            order by in_period.answered_at desc, in_period.response_id desc
        ) as recency
    from in_period
    left join {{ ref('stg_canonical__customers') }} as customers
        on
            in_period.customer_id = customers.customer_id
            and {{ known_at('customers', 'in_period.knowledge_at') }}
    where coalesce(customers.is_internal, false) is false
),

latest as (
    select *
    from ranked
    where recency = 1
),

credited as (
    select
        latest.period_type,
        latest.period_start,
        latest.response_id,
        min(case when owners.role = 'kam' then owners.rep_id end) as kam_rep_id,
        min(case when owners.role = 'owner' then owners.rep_id end) as owner_rep_id
    from latest
    inner join {{ ref('int_core__customer_owners') }} as owners
        on
            latest.customer_id = owners.customer_id
            and latest.answered_on >= owners.valid_from
            and latest.answered_on < owners.valid_to
            and {{ known_at('owners', 'latest.knowledge_at') }}
    group by 1, 2, 3
)

select
    latest.period_type,
    latest.period_start,
    latest.booking_month,
    latest.response_id,
    latest.answered_on,
    cast(latest.score as integer) as score,
    coalesce(credited.kam_rep_id, credited.owner_rep_id, 'unassigned') as rep_id,
    case when credited.kam_rep_id is null then 'owner' else 'kam' end as credit_type,
    latest.customer_id,
    latest.area_id,
    latest.business_category,
    latest.purchase_method
from latest
left join credited
    on
        latest.period_type = credited.period_type
        and latest.period_start = credited.period_start
        and latest.response_id = credited.response_id
