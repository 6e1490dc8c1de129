{#-
    Why a figure has no value, from its parts at a node; NULL where it has one. A part without rows is
    nothing, not unknown. `is_limited` is an expression: what a type requires to be limited by is
    there.
-#}
{% macro reason_for_no_value(parts, registry, unsourced, is_limited='false') -%}
    case
        when {{ unsourced }}.budget_type_id is not null then 'no_source'
        when {{ registry }}.requires is not null and not ({{ is_limited }}) then 'filter_required'
        when {{ parts }}.missing_amounts > 0 then 'missing_rate'
        when {{ registry }}.needs_target then 'no_target'
        -- More credited than invoiced, or taken back than counted, is nothing to divide by.
        when {{ registry }}.is_divided and coalesce({{ parts }}.denominator, 0) <= 0
            then 'zero_denominator'
        when
            {{ registry }}.is_divided
            and coalesce({{ parts }}.n, {{ parts }}.denominator) < {{ registry }}.min_n
            then 'insufficient_n'
    end
{%- endmacro %}

{#- The value of a figure from its columns is_divided, scale, numerator, denominator, reason_code. -#}
{% macro value_of_parts() -%}
    case
        when reason_code is not null then null
        when is_divided then {{ utfall.ratio('numerator * scale', 'denominator', decimals=4) }}
        -- Not wider than the ratio, which would lose decimals to it.
        else cast(numerator * scale as decimal(28, 10))
    end
{%- endmacro %}

{#- Keep the figures of the periods that a night computes again; `touched` is a CTE of the model. -#}
{% macro join_touched(figures) -%}
    inner join touched
        on
            {{ figures }}.budget_type_id = touched.budget_type_id
            and {{ figures }}.basis = touched.basis
            and {{ figures }}.period_type = touched.period_type
            and {{ figures }}.period_start = touched.period_start
            and {{ figures }}.campaign_id = touched.campaign_id
{%- endmacro %}
