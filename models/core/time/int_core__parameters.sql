with parameters as (
    select * from {{ ref('core_parameters') }}
),

changes as (
    select distinct valid_from
    from parameters
),

intervals as (
    select
        valid_from,
        coalesce(
            lead(valid_from) over (order by valid_from),
            cast('9999-12-31' as date)
        ) as valid_to
    from changes
),

dated as (
    select
        intervals.valid_from,
        intervals.valid_to,
        parameters.parameter_id,
        parameters.value,
        row_number() over (
            partition by intervals.valid_from, parameters.parameter_id
            order by parameters.valid_from desc
        ) as newest
    from intervals
    inner join parameters on intervals.valid_from >= parameters.valid_from
)

select
    valid_from,
    valid_to,
    {%- for parameter in [
        'calendar_first_year',
        'calendar_years',
        'closing_working_days',
        'passive_days',
        'history_begins_year',
        'fx_max_age_days',
        'new_invoicing_days',
        'category_gap_days',
        'renewal_before_end_days',
        'renewal_after_end_days',
        'multi_year_full_at_signing',
        'renewals_due_days',
        'rep_cost_months',
        'invoice_control_months',
    ] %}
    cast(max(case when parameter_id = '{{ parameter }}' then value end) as integer)
        as {{ parameter }}{{ "," if not loop.last }}  -- noqa: LT02
    {%- endfor %}
from dated
where newest = 1
group by valid_from, valid_to
