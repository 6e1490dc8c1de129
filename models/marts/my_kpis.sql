with scores as (
    select * from {{ ref('int_scoring__scores') }}
    where subject_type = 'kpi' and node_level = 'rep'
),

kpis as (
    select * from {{ ref('int_scoring__kpis') }}
),

statuses as (
    select * from {{ ref('score_statuses') }}
),

reasons as (
    select * from {{ ref('score_reasons') }}
),

texts as (
    select
        rep_id,
        kpi_id,
        max(case when figure = 'value' then text_en end) as value_en,
        max(case when figure = 'value' then text_sv end) as value_sv,
        max(case when figure = 'target' then text_en end) as target_en,
        max(case when figure = 'target' then text_sv end) as target_sv,
        max(case when figure = 'target_low' then text_en end) as target_low_en,
        max(case when figure = 'target_low' then text_sv end) as target_low_sv,
        max(case when figure = 'remaining_to_target' then text_en end) as remaining_to_target_en,
        max(case when figure = 'remaining_to_target' then text_sv end) as remaining_to_target_sv,
        max(case when figure = 'required_per_workday' then text_en end) as required_per_workday_en,
        max(case when figure = 'required_per_workday' then text_sv end) as required_per_workday_sv,
        max(case when figure = 'forecast' then text_en end) as forecast_en,
        max(case when figure = 'forecast' then text_sv end) as forecast_sv,
        max(case when figure = 'score' then text_en end) as score_en,
        max(case when figure = 'score' then text_sv end) as score_sv
    from {{ ref('int_scoring__figure_texts') }}
    group by rep_id, kpi_id
),

placed as (
    select
        scores.*,
        rep_profiles.profile_id,
        profile_kpis.profile_name,
        profile_kpis.position,
        profile_kpis.weight,
        profile_kpis.cap,
        profile_scores.profile_score,
        profile_scores.weight_scored_share,
        kpis.name_en,
        kpis.name_sv,
        kpis.unit,
        kpis.direction,
        kpis.why_text,
        kpis.reward_text,
        case scores.action_due
            when 'if_met' then kpis.action_if_met
            when 'if_not_met' then kpis.action_if_not_met
        end as action_text
    from {{ ref('int_scoring__rep_profiles') }} as rep_profiles
    inner join {{ ref('int_scoring__profile_kpis') }} as profile_kpis
        on rep_profiles.profile_id = profile_kpis.profile_id
    inner join scores
        on rep_profiles.rep_id = scores.node_id and profile_kpis.kpi_id = scores.kpi_id
    inner join kpis on scores.kpi_id = kpis.kpi_id
    left join {{ ref('int_scoring__profile_scores') }} as profile_scores
        on
            profile_scores.node_level = 'rep'
            and rep_profiles.rep_id = profile_scores.node_id
            and rep_profiles.profile_id = profile_scores.profile_id
),

written as (
    select
        placed.*,
        statuses.text_en as status_en,
        statuses.text_sv as status_sv,
        reasons.text_en as reason_en,
        reasons.text_sv as reason_sv,
        texts.value_en,
        texts.value_sv,
        texts.target_en,
        texts.target_sv,
        texts.target_low_en,
        texts.target_low_sv,
        texts.remaining_to_target_en,
        texts.remaining_to_target_sv,
        texts.required_per_workday_en,
        texts.required_per_workday_sv,
        texts.forecast_en,
        texts.forecast_sv,
        texts.score_en,
        texts.score_sv,
        -- What is left, and where it is heading, is said while something can be done about it.
        placed.status in ('ahead', 'on_track', 'behind', 'at_risk')
        and placed.forecast_method in ('run_rate', 'blended', 'accumulated') as has_forecast,
        placed.status in ('on_track', 'behind', 'at_risk')
        and placed.remaining_to_target > 0
        and placed.required_per_workday is not null as has_rest
    from placed
    inner join statuses on placed.status = statuses.status
    left join texts on placed.node_id = texts.rep_id and placed.kpi_id = texts.kpi_id
    left join reasons on placed.reason_code = reasons.reason_code
)

select
    cast(node_id as varchar) as rep_id,
    cast(profile_id as varchar) as profile_id,
    cast(profile_name as varchar) as profile,
    cast(position as integer) as position,
    cast(kpi_id as varchar) as kpi_id,
    cast(budget_type_id as varchar) as budget_type_id,
    cast(name_en as varchar) as name_en,
    cast(name_sv as varchar) as name_sv,
    cast(unit as varchar) as unit,
    period_start,
    period_end,
    value,
    target,
    target_low,
    remaining_to_target,
    required_per_workday,
    attainment,
    score,
    expected_to_date,
    pace,
    forecast,
    cast(forecast_method as varchar) as forecast_method,
    cast(status as varchar) as status,
    cast(reason_code as varchar) as reason_code,
    weight,
    cap,
    profile_score,
    weight_scored_share,
    cast(why_text as varchar) as why,
    cast(action_due as varchar) as action_due,
    cast(action_text as varchar) as action_text,
    cast(reward_text as varchar) as reward_text,
    reward_eligible,
    management_support,
    cast(
        case
            when value is null then ''
            when score is null then value_en || '. '
            when direction = 'lower'
                then
                    value_en || ', the target is at most ' || target_en || ': score '
                    || score_en || '. '
            when direction = 'band'
                then
                    value_en || ', the target is ' || target_low_en || ' to ' || target_en
                    || ': score ' || score_en || '. '
            when unit in ('count', 'currency')
                then value_en || ' of ' || target_en || ', ' || score_en || '. '
            else value_en || ', the target is ' || target_en || ': score ' || score_en || '. '
        end
        || case when score is null then coalesce(reason_en, status_en) else status_en end
        || case
            when has_rest
                then
                    ' ' || remaining_to_target_en || ' left, ' || required_per_workday_en
                    || ' a working day.'
            else ''
        end
        || case
            when has_forecast and forecast_method = 'blended'
                then ' At this pace, and with what is open, it will be ' || forecast_en || '.'
            when has_forecast then ' At this pace it will be ' || forecast_en || '.'
            else ''
        end
        as varchar
    ) as sentence_en,
    cast(
        case
            when value is null then ''
            when score is null then value_sv || '. '
            when direction = 'lower'
                then
                    value_sv || ', målet är högst ' || target_sv || ': poäng ' || score_sv || '. '
            when direction = 'band'
                then
                    value_sv || ', målet är ' || target_low_sv || ' till ' || target_sv
                    || ': poäng ' || score_sv || '. '
            when unit in ('count', 'currency')
                then value_sv || ' av ' || target_sv || ', ' || score_sv || '. '
            else value_sv || ', målet är ' || target_sv || ': poäng ' || score_sv || '. '
        end
        || case when score is null then coalesce(reason_sv, status_sv) else status_sv end
        || case
            when has_rest
                then
                    ' Kvar är ' || remaining_to_target_sv || ', ' || required_per_workday_sv
                    || ' per arbetsdag.'
            else ''
        end
        || case
            when has_forecast and forecast_method = 'blended'
                then
                    ' I den här takten, och med det som är öppet, blir det ' || forecast_sv
                    || '.'
            when has_forecast then ' I den här takten blir det ' || forecast_sv || '.'
            else ''
        end
        as varchar
    ) as sentence_sv
from written
