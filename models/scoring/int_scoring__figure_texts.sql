{%- set figures = [
    'value', 'target', 'target_low', 'remaining_to_target', 'required_per_workday', 'forecast',
    'score',
] -%}
with context as (
    select company_currency
    from {{ ref('int_core__context') }}
),

scores as (
    select
        scores.*,
        registry.unit,
        registry.display_factor
    from {{ ref('int_scoring__scores') }} as scores
    inner join {{ ref('budget_type_registry') }} as registry
        on scores.budget_type_id = registry.budget_type_id
    where scores.subject_type = 'kpi' and scores.node_level = 'rep'
),

figures as (
    {% for figure in figures %}
        select
            node_id as rep_id,
            kpi_id,
            '{{ figure }}' as figure,
            {{ "'score'" if figure == 'score' else 'unit' }} as unit,
            cast({{ figure }} as decimal(28, 10))
            * {{ '100' if figure == 'score' else 'display_factor' }} as number
        from scores
        where {{ figure }} is not null
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

rounded as (
    select
        figures.rep_id,
        figures.kpi_id,
        figures.figure,
        units.decimals,
        units.text_en,
        units.text_sv,
        case units.decimals
            when 0 then cast(round(figures.number, 0) as decimal(28, 2))
            when 1 then cast(round(figures.number, 1) as decimal(28, 2))
            else cast(round(figures.number, 2) as decimal(28, 2))
        end as number
    from figures
    inner join {{ ref('number_units') }} as units on figures.unit = units.unit
),

parted as (
    select
        *,
        cast(cast(floor(abs(number)) as decimal(28, 0)) as varchar) as whole,
        cast((abs(number) - floor(abs(number))) * 100 as integer) as hundredths
    from rounded
),

spaced as (
    select
        *,
        case when number < 0 then '-' else '' end
        || case
            when length(whole) > 9
                then
                    left(whole, length(whole) - 9) || ' ' || left(right(whole, 9), 3) || ' '
                    || left(right(whole, 6), 3) || ' '
            when length(whole) > 6
                then left(whole, length(whole) - 6) || ' ' || left(right(whole, 6), 3) || ' '
            when length(whole) > 3 then left(whole, length(whole) - 3) || ' '
            else ''
        end
        || right(whole, 3) as thousands,
        case
            when hundredths = 0 then ''
            else left(right('0' || cast(hundredths as varchar), 2), decimals)
        end as rest
    from parted
)

select
    spaced.rep_id,
    spaced.kpi_id,
    spaced.figure,
    replace(
        replace(
            spaced.text_en,
            '{number}',
            replace(spaced.thousands, ' ', ',')
            || case when spaced.rest = '' then '' else '.' || spaced.rest end
        ),
        '{currency}',
        context.company_currency
    ) as text_en,
    replace(
        replace(
            spaced.text_sv,
            '{number}',
            spaced.thousands || case when spaced.rest = '' then '' else ',' || spaced.rest end
        ),
        '{currency}',
        context.company_currency
    ) as text_sv
from spaced
cross join context
