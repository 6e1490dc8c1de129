with signals as (
    select * from {{ ref('int_scoring__visit_signals') }}

    union all

    select * from {{ ref('int_scoring__report_signals') }}

    union all

    select * from {{ ref('int_scoring__volume_signals') }}
),

rules as (
    select * from {{ ref('gaming_signal_rules') }}
),

worded as (
    select
        signals.*,
        rules.name_en,
        rules.name_sv,
        rules.question_en,
        rules.question_sv,
        cast(cast(round(signals.part, 0) as bigint) as varchar) as part_text,
        cast(cast(round(signals.whole, 0) as bigint) as varchar) as whole_text
    from signals
    inner join rules on signals.signal_id = rules.signal_id
)

select
    cast(rep_id as varchar) as rep_id,
    cast(signal_id as varchar) as signal_id,
    cast(period_type as varchar) as period_type,
    period_start,
    period_end,
    cast(name_en as varchar) as name_en,
    cast(name_sv as varchar) as name_sv,
    cases,
    part,
    whole,
    observed,
    threshold,
    second_observed,
    second_threshold,
    is_flagged,
    cast(
        case
            when is_flagged
                then replace(replace(question_en, '{part}', part_text), '{whole}', whole_text)
        end as varchar
    ) as question_en,
    cast(
        case
            when is_flagged
                then replace(replace(question_sv, '{part}', part_text), '{whole}', whole_text)
        end as varchar
    ) as question_sv
from worded
