with evaluations as (
    select
        evaluations.*,
        coalesce(parameters.value, 3) as counting_level
    from {{ ref('int_core__evaluations') }} as evaluations
    left join {{ ref('int_core__parameter_sets') }} as parameters
        on
            evaluations.budget_type_id = parameters.budget_type_id
            and evaluations.parameter_set_id = parameters.parameter_set_id
            and parameters.parameter = 'level'
            and evaluations.as_of >= parameters.valid_from
            and evaluations.as_of < parameters.valid_to
    where evaluations.budget_type_id = 'planogram_compliance_rate'
),

checks as (
    select
        evaluations.*,
        planogram_checks.*
    from evaluations
    inner join {{ ref('int_core__store_planogram_checks') }} as planogram_checks
        on
            planogram_checks.audited_on
            >= {{ add_days('evaluations.as_of', '-evaluations.window_days') }}
),

-- What is counted: the planned positions, the checks of a category, or the stores.
counted as (
    select
        budget_type_id,
        parameter_set_id,
        as_of,
        period_type,
        period_start,
        owner_rep_id,
        customer_id,
        area_id,
        business_category,
        purchase_method,
        case when counting_level > 1 then product_category end as product_category,
        case
            when counting_level > 1 then store_id || '/' || coalesce(product_category, '')
            else store_id
        end as record_id,
        case when counting_level = 3 then sum(possible) else 1 end as planned,
        case
            when counting_level = 3 then sum(achieved)
            else min(case when is_compliant then 1 else 0 end)
        end as correct
    from checks
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, counting_level
),

parts as (
    select
        counted.*,
        'denominator' as part,
        counted.planned as amount
    from counted

    union all

    select
        counted.*,
        'numerator' as part,
        counted.correct as amount
    from counted
    where counted.correct > 0
)

select
    budget_type_id,
    part,
    parameter_set_id,
    as_of,
    period_type,
    period_start,
    as_of as event_date,
    as_of as booking_date,
    owner_rep_id as rep_id,
    customer_id,
    product_category,
    cast(null as varchar) as channel,
    area_id,
    business_category,
    purchase_method,
    cast(null as varchar) as campaign_id,
    cast(amount as decimal(18, 4)) as amount,
    record_id as distinct_key,
    'owner' as credit_type,
    'planogram_check' as record_type,
    record_id
from parts
