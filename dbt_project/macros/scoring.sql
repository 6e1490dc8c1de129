{#-
    What a result is worth against its target, what was to be expected by now, and where it is
    heading. Arguments are columns or expressions; `direction` is higher, lower, band or scale.
    Results are decimal(28,10), unrounded fractions: 0.6 is 60 %.
-#}

{#- Amount times a share of ten decimals, rounded half away from zero to ten decimals. -#}
{% macro share_of(amount, share) -%}
    cast(round(
        cast({{ amount }} as decimal(19, 4)) * cast({{ share }} as decimal(18, 10)), 10
    ) as decimal(28, 10))
{%- endmacro %}


{#- value / target, for display: 6 of 10 is 0.6. NULL for a band and without a positive target. -#}
{% macro attainment(value, target, direction) -%}
    case
        when {{ direction }} <> 'band' and {{ target }} > 0 then {{ ratio(value, target) }}
        else cast(null as decimal(28, 10))
    end
{%- endmacro %}


{#- Why a target cannot be scored against: no_target, zero_target, or NULL. A band needs both ends,
    a scale a target above its lowest point; only what is to be low may have the target 0. -#}
{% macro target_fault(target, target_low, direction, scale_min) -%}
    case
        when {{ target }} is null then 'no_target'
        when {{ direction }} = 'band' and {{ target_low }} is null then 'no_target'
        when {{ direction }} = 'band' and {{ target_low }} > {{ target }} then 'zero_target'
        when {{ direction }} in ('band', 'higher') and {{ target }} <= 0 then 'zero_target'
        when {{ direction }} = 'lower' and {{ target }} < 0 then 'zero_target'
        when {{ direction }} = 'scale' and {{ target }} <= coalesce({{ scale_min }}, 0)
            then 'zero_target'
    end
{%- endmacro %}


{#- The score, not capped. What is higher than it should be loses what it is above: a target of 4 %
    that has become 5 % is 75 %, 8 % is nothing. NULL where target_fault() has a reason. -#}
{% macro score(value, target, target_low, direction, scale_min) -%}
    case
        when
            {{ value }} is null
            or {{ utfall.target_fault(target, target_low, direction, scale_min) }} is not null
            then cast(null as decimal(28, 10))
        when {{ direction }} = 'higher'
            then greatest(cast(0 as decimal(28, 10)), {{ ratio(value, target) }})
        when {{ direction }} = 'scale'
            then greatest(cast(0 as decimal(28, 10)), {{ ratio(
                value ~ ' - coalesce(' ~ scale_min ~ ', 0)',
                target ~ ' - coalesce(' ~ scale_min ~ ', 0)',
            ) }})
        when {{ direction }} = 'lower' and {{ target }} = 0
            then cast(case when {{ value }} <= 0 then 1 else 0 end as decimal(28, 10))
        when {{ direction }} = 'band' and {{ value }} between {{ target_low }} and {{ target }}
            then cast(1 as decimal(28, 10))
        when {{ direction }} = 'band' and {{ value }} < {{ target_low }}
            then
                case
                    when {{ target_low }} > 0
                        then
                            greatest(
                                cast(0 as decimal(28, 10)), {{ ratio(value, target_low) }}
                            )
                    else cast(0 as decimal(28, 10))
                end
        else
            greatest(
                cast(0 as decimal(28, 10)),
                cast(2 - {{ ratio(value, target) }} as decimal(28, 10))
            )
    end
{%- endmacro %}


{#- Whether the target is reached, from the figures themselves and not from a rounded score. -#}
{% macro is_met(value, target, target_low, direction) -%}
    case
        when {{ direction }} = 'lower' then {{ value }} <= {{ target }}
        when {{ direction }} = 'band' then {{ value }} between {{ target_low }} and {{ target }}
        else {{ value }} >= {{ target }}
    end
{%- endmacro %}


{#- The result against what was to be expected by now. Of what is not phased over its period it is
    the score. NULL before anything was to be expected. -#}
{% macro pace(value, expected, score, elapsed_share, is_phased, direction) -%}
    case
        when not {{ is_phased }} then {{ score }}
        when {{ score }} is null or {{ elapsed_share }} = 0 then cast(null as decimal(28, 10))
        when {{ expected }} = 0 then {{ score }}
        when {{ direction }} = 'lower'
            then
                greatest(
                    cast(0 as decimal(28, 10)),
                    cast(2 - {{ ratio(value, expected) }} as decimal(28, 10))
                )
        else {{ ratio(value, expected) }}
    end
{%- endmacro %}


{#- Where it ends if it goes on like this: value / e(S). While less than `least_share` of the period
    has gone, the target. What fills a fixed base ends at 1 at most, and what counts members of a base
    at its size (`universe`, NULL without one), never below what there is already. -#}
{% macro run_rate(value, target, elapsed_share, least_share, accumulates, universe) -%}
    case
        when {{ value }} is null then cast(null as decimal(28, 10))
        when {{ elapsed_share }} < {{ least_share }} or {{ elapsed_share }} = 0
            then cast({{ target }} as decimal(28, 10))
        when {{ accumulates }}
            then least(cast(1 as decimal(28, 10)), {{ ratio(value, elapsed_share) }})
        when {{ universe }} is not null
            then
                greatest(
                    cast({{ value }} as decimal(28, 10)),
                    least(
                        cast({{ universe }} as decimal(28, 10)),
                        {{ ratio(value, elapsed_share) }}
                    )
                )
        else {{ ratio(value, elapsed_share) }}
    end
{%- endmacro %}


{#- e × run-rate + (1 − e) × pipeline forecast, in amounts of four decimals: the longer the period has
    gone, the more the own pace says. -#}
{% macro blended(run_rate, pipeline, elapsed_share) -%}
    cast(round(
        cast({{ run_rate }} as decimal(20, 4)) * cast({{ elapsed_share }} as decimal(11, 10))
        + cast({{ pipeline }} as decimal(20, 4))
        * (cast(1 as decimal(11, 10)) - cast({{ elapsed_share }} as decimal(11, 10))),
        4
    ) as decimal(28, 10))
{%- endmacro %}


{#- The status of a row that has a score, pace and period, by the limits of `limits`
    (int_scoring__parameters). What is to be low can still rise, so it is never met early. -#}
{% macro score_status(
    as_of, period_start, period_end, score, pace, elapsed_share, is_phased, direction, is_met, limits
) -%}
    case
        when {{ score }} is null then 'not_scored'
        when {{ as_of }} >= {{ period_end }} and {{ is_met }} then 'met'
        when {{ as_of }} >= {{ period_end }} then 'missed'
        when {{ as_of }} <= {{ period_start }} or ({{ is_phased }} and {{ elapsed_share }} = 0)
            then 'not_started'
        when {{ is_phased }} and {{ direction }} <> 'lower' and {{ is_met }} then 'met_early'
        when {{ pace }} >= {{ limits }}.ahead_from then 'ahead'
        when {{ pace }} >= {{ limits }}.on_track_from then 'on_track'
        when {{ pace }} >= {{ limits }}.behind_from then 'behind'
        when {{ pace }} < {{ limits }}.behind_from then 'at_risk'
    end
{%- endmacro %}
