with evaluations as (
    select
        evaluations.*,
        -- The period of S: as many whole months as the parameter says, counted from New Year.
        {{ add_months(
            trunc_date('year', 'evaluations.as_of'),
            'cast(parameters.value as integer) * (1 + '
            ~ int_div('extract(month from evaluations.as_of) - 1', 'parameters.value')
            ~ ')'
        ) }} as closing_before
    from {{ ref('int_core__evaluations') }} as evaluations
    inner join {{ ref('int_core__parameter_sets') }} as parameters
        on
            evaluations.budget_type_id = parameters.budget_type_id
            and evaluations.parameter_set_id = parameters.parameter_set_id
            and parameters.parameter = 'period_months'
            and evaluations.as_of >= parameters.valid_from
            and evaluations.as_of < parameters.valid_to
    where evaluations.budget_type_id = 'weighted_pipeline'
),

opportunities as (
    select * from {{ ref('int_core__opportunities') }}
    where is_open
)

select
    evaluations.budget_type_id,
    'numerator' as part,
    evaluations.parameter_set_id,
    evaluations.as_of,
    evaluations.period_type,
    evaluations.period_start,
    opportunities.expected_close_date as event_date,
    evaluations.as_of as booking_date,
    opportunities.rep_id,
    opportunities.customer_id,
    cast(null as varchar) as product_category,
    opportunities.channel,
    opportunities.area_id,
    opportunities.business_category,
    opportunities.purchase_method,
    cast(null as varchar) as campaign_id,
    {{ money_mul('opportunities.amount', 'opportunities.probability') }} as amount,
    opportunities.opportunity_id as distinct_key,
    'owner' as credit_type,
    'opportunity' as record_type,
    opportunities.opportunity_id as record_id
from evaluations
inner join opportunities
    on
        evaluations.as_of <= opportunities.expected_close_date
        and evaluations.closing_before > opportunities.expected_close_date
