with subjects as (
    select * from {{ ref('int_scoring__subject_periods') }}
    where subject_type = 'budget'
),

figures as (
    select * from {{ ref('int_scoring__figures') }}
),

-- Who has a target, and who has an outcome without one.
nodes as (
    select
        subjects.subject_id,
        subjects.period_type,
        subjects.period_start,
        targets.node_level,
        targets.node_id
    from subjects
    inner join {{ ref('int_planning__targets') }} as targets
        on
            subjects.subject_id = targets.budget_id
            and {{ trunc_date('month', 'subjects.period_start') }} <= targets.month
            and subjects.period_end > targets.month

    union

    select
        subjects.subject_id,
        subjects.period_type,
        subjects.period_start,
        figures.node_level,
        figures.node_id
    from subjects
    inner join figures on subjects.figure_id = figures.figure_id

    union

    select
        subject_id,
        period_type,
        period_start,
        'company' as node_level,
        'company' as node_id
    from subjects
),

final as (
    select
        subjects.subject_id as budget_id,
        subjects.budget_type_id,
        nodes.node_level,
        nodes.node_id,
        subjects.period_type,
        subjects.period_start,
        subjects.period_end,
        subjects.figure_kind,
        {{ figure_columns('figures', 'companies', 'subjects', 'registry') }}
    from subjects
    inner join {{ ref('budget_type_registry') }} as registry
        on subjects.budget_type_id = registry.budget_type_id
    inner join nodes
        on
            subjects.subject_id = nodes.subject_id
            and subjects.period_type = nodes.period_type
            and subjects.period_start = nodes.period_start
    left join figures
        on
            subjects.figure_id = figures.figure_id
            and nodes.node_level = figures.node_level
            and nodes.node_id = figures.node_id
    left join figures as companies
        on
            subjects.figure_id = companies.figure_id
            and companies.node_level = 'company'
)

select
    budget_id,
    budget_type_id,
    node_level,
    node_id,
    period_type,
    period_start,
    period_end,
    figure_kind,
    cast(numerator as decimal(28, 4)) as numerator,
    cast(denominator as decimal(28, 4)) as denominator,
    cast(value as decimal(28, 10)) as value,
    cast(record_count as bigint) as record_count,
    reason_code
from final
