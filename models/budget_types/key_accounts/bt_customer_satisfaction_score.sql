with evaluations as (
    select * from {{ ref('int_core__evaluations') }}
    where budget_type_id = 'customer_satisfaction_score'
),

-- Promoters answer 9 or 10, detractors 0 to 6; who answers 7 or 8 is neither.
answers as (
    select
        *,
        case when score >= 9 then 1 when score <= 6 then -1 else 0 end as verdict
    from {{ ref('int_core__survey_answers') }}
),

parts as (
    select
        answers.*,
        'denominator' as part,
        1 as amount
    from answers

    union all

    select
        answers.*,
        'numerator' as part,
        verdict as amount
    from answers
)

select
    evaluations.budget_type_id,
    parts.part,
    evaluations.parameter_set_id,
    evaluations.as_of,
    evaluations.period_type,
    evaluations.period_start,
    parts.answered_on as event_date,
    {{ add_days('evaluations.evaluated_to', -1) }} as booking_date,
    parts.rep_id,
    parts.customer_id,
    cast(null as varchar) as product_category,
    cast(null as varchar) as channel,
    parts.area_id,
    parts.business_category,
    parts.purchase_method,
    cast(null as varchar) as campaign_id,
    cast(parts.amount as decimal(18, 4)) as amount,
    parts.response_id as distinct_key,
    parts.credit_type,
    'survey_response' as record_type,
    parts.response_id as record_id
from evaluations
inner join parts
    on
        evaluations.period_type = parts.period_type
        and evaluations.period_start = parts.period_start
