with effects as (
    select * from {{ ref('int_scoring__training_effects') }}
),

kpis as (
    select * from {{ ref('int_scoring__kpis') }}
),

notes as (
    select * from {{ ref('training_notes') }}
)

select
    cast(effects.training_id as varchar) as training_id,
    cast(effects.topic as varchar) as topic,
    effects.first_trained_on,
    effects.last_trained_on,
    cast(effects.kpi_id as varchar) as kpi_id,
    cast(kpis.name_en as varchar) as name_en,
    cast(kpis.name_sv as varchar) as name_sv,
    effects.reps as n,
    effects.value_before as before,
    effects.value_after as after,
    effects.comparison_reps as comparison_n,
    effects.comparison_before,
    effects.comparison_after,
    effects.comparison_change as comparison,
    effects.effect,
    effects.interval_low,
    effects.interval_high,
    cast(effects.reason_code as varchar) as reason_code,
    cast(notes.text_en as varchar) as note_en,
    cast(notes.text_sv as varchar) as note_sv
from effects
inner join kpis on effects.kpi_id = kpis.kpi_id
inner join notes
    on
        notes.reading = case
            when effects.effect is null then 'too_few'
            when effects.interval_low > 0 then 'above'
            when effects.interval_high < 0 then 'below'
            else 'unclear'
        end
