{#-
    Columns of a figure at a node, from `figures` and from `companies`, the row of the company of the
    same figure. A node without a row has done nothing, which is zero; where even the company has no
    figure, what keeps it from having one holds for every node.
-#}
{% macro figure_columns(figures, companies, subjects, registry) -%}
    case
        when {{ figures }}.figure_id is not null then {{ figures }}.numerator
        when {{ withheld(companies, subjects) }} is null then cast(0 as decimal(28, 4))
    end as numerator,
    case
        when {{ figures }}.figure_id is not null then {{ figures }}.denominator
        when {{ withheld(companies, subjects) }} is null and {{ registry }}.is_divided
            then cast(0 as decimal(28, 4))
    end as denominator,
    case
        when {{ figures }}.figure_id is not null then {{ figures }}.value
        when {{ withheld(companies, subjects) }} is null and not {{ registry }}.is_divided
            then cast(0 as decimal(28, 10))
    end as value,
    coalesce({{ figures }}.record_count, 0) as record_count,
    case
        when {{ figures }}.figure_id is not null then {{ figures }}.reason_code
        when {{ withheld(companies, subjects) }} is not null
            then {{ withheld(companies, subjects) }}
        when {{ registry }}.is_divided then 'zero_denominator'
    end as reason_code
{%- endmacro %}

{#- Why no node has a figure: a reason that is not the company's own arithmetic; NULL where they
    have. -#}
{% macro withheld(companies, subjects) -%}
    coalesce(
        {{ subjects }}.reason_code,
        case
            when {{ companies }}.figure_id is null then 'no_snapshot'
            when
                {{ companies }}.reason_code
                not in ('missing_rate', 'zero_denominator', 'insufficient_n')
                then {{ companies }}.reason_code
        end
    )
{%- endmacro %}
