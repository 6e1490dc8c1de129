-- I7: what the margin rate divides is the contribution margin, at every node, in every period and
-- in both series. One margin must not be told in two ways.
with figures as (
    select
        figures.node_level,
        figures.node_id,
        figures.basis,
        figures.period_type,
        figures.period_start,
        max(case when figures.budget_type_id = 'contribution_margin' then figures.numerator end)
            as contribution_margin,
        max(
            case when figures.budget_type_id = 'contribution_margin_rate' then figures.numerator end
        ) as divided_margin,
        count(*) as figures
    from {{ ref('int_outcomes__values') }} as figures
    inner join {{ ref('int_outcomes__touched_periods') }} as touched
        on
            figures.budget_type_id = touched.budget_type_id
            and figures.basis = touched.basis
            and figures.period_type = touched.period_type
            and figures.period_start = touched.period_start
    where figures.budget_type_id in ('contribution_margin', 'contribution_margin_rate')
    group by 1, 2, 3, 4, 5
)

select
    node_level,
    node_id,
    basis,
    period_type,
    period_start,
    contribution_margin,
    divided_margin
from figures
where figures <> 2 or contribution_margin is distinct from divided_margin
