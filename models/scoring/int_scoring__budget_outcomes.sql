-- Numbered, so that half a million nodes carry a number and not the names of their budgets.
with subjects as (
    select
        *,
        row_number() over (order by subject_id, period_type, period_start) as subject_no
    from {{ ref('int_scoring__subject_periods') }}
    where subject_type = 'budget'
),

figures as (
    select * from {{ ref('int_scoring__figures') }}
),

-- Who has a target: in a month once, in what runs on over months in some of them.
target_nodes as (
    select
        subjects.subject_no,
        targets.node_level,
        targets.node_id
    from subjects
    inner join {{ ref('int_planning__targets') }} as targets
        on
            subjects.subject_id = targets.budget_id
            and {{ trunc_date('month', 'subjects.period_start') }} = targets.month
    where subjects.period_type = 'month'

    union all

    select distinct
        subjects.subject_no,
        targets.node_level,
        targets.node_id
    from subjects
    inner join {{ ref('int_planning__targets') }} as targets
        on
            subjects.subject_id = targets.budget_id
            and {{ trunc_date('month', 'subjects.period_start') }} <= targets.month
            and subjects.period_end > targets.month
    where subjects.period_type <> 'month'
),

-- Who has an outcome, and the company.
figure_nodes as (
    select
        subjects.subject_no,
        figures.node_level,
        figures.node_id
    from subjects
    inner join figures on subjects.figure_id = figures.figure_id

    union

    select
        subject_no,
        'company' as node_level,
        'company' as node_id
    from subjects
),

nodes as (
    select * from target_nodes

    union all

    select figure_nodes.*
    from figure_nodes
    left join target_nodes
        on
            figure_nodes.subject_no = target_nodes.subject_no
            and figure_nodes.node_level = target_nodes.node_level
            and figure_nodes.node_id = target_nodes.node_id
    where target_nodes.subject_no is null
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
    inner join nodes on subjects.subject_no = nodes.subject_no
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
