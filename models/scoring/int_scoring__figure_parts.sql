{%- set dimensions = [
    'product_category', 'channel', 'area_id', 'business_category', 'purchase_method', 'campaign_id',
    'rep_id',
] -%}
{%- set subjects = ref('int_scoring__subject_periods') -%}
{%- set asked_types -%}
    select distinct budget_type_id from {{ subjects }}
    where figure_kind in ('counted', 'evaluated') and {{ will_be_open_figure() }}
{%- endset -%}
{{ config(materialized="incremental", pre_hook="{{ forget_open_figures() }}") }}

with figures as (
    select distinct
        figure_id,
        figure_kind,
        scope_id,
        budget_type_id,
        parameter_set_id,
        figure_period_type,
        figure_start,
        figure_campaign_id,
        case when figure_kind in ('summed', 'counted') then window_start end as window_start,
        case when figure_kind in ('summed', 'counted') then window_end end as window_end
    from {{ subjects }}
    where
        figure_kind in ('summed', 'counted', 'evaluated')
        and {{ is_open_figure() }}
),

scopes as (
    select * from {{ ref('int_scoring__scopes') }}
),

limits as (
    select
        scope_id,
        {%- for dimension in dimensions %}
            max(case when dimension = '{{ dimension }}' then 1 else 0 end) = 1
                as limits_{{ dimension }},
        {%- endfor %}
        max(case when dimension = 'team_id' then 1 else 0 end) = 1 as limits_team_id
    from scopes
    group by scope_id
),

team_scopes as (
    select * from scopes
    where dimension = 'team_id'
),

rep_scopes as (
    select * from scopes
    where dimension = 'rep_id'
),

months as (
    select max(month_start) as last_month
    from {{ ref('int_core__booking_months') }}
),

flow_parts as (
    select
        parts.budget_type_id,
        parts.part,
        parts.over_time = 'distinct' as is_distinct
    from {{ ref('budget_type_parts') }} as parts
    inner join {{ ref('budget_type_registry') }} as registry
        on parts.budget_type_id = registry.budget_type_id
    where registry.time_shape = 'flow'
),

evaluated_parts as (
    select
        parts.budget_type_id,
        parts.part,
        parts.over_reps = 'distinct' as is_distinct
    from {{ ref('budget_type_parts') }} as parts
    inner join {{ ref('budget_type_registry') }} as registry
        on parts.budget_type_id = registry.budget_type_id
    where registry.time_shape <> 'flow'
),

summed_figures as (
    select
        figures.*,
        coalesce(limits.limits_team_id, false) as limits_team_id,
        coalesce(limits.limits_rep_id, false) as limits_rep_id
    from figures
    left join limits on figures.scope_id = limits.scope_id
    where figures.figure_kind = 'summed'
),

of_sums as (
    select
        summed_figures.figure_id,
        sums.part,
        sums.rep_id,
        sums.team_id,
        sums.region_id,
        sums.is_overlay,
        cast(null as date) as piece_start,
        false as is_late,
        cast(null as varchar) as distinct_key,
        sum(sums.amount) as amount,
        sum(sums.record_count) as record_count,
        sum(sums.missing_amounts) as missing_amounts
    from summed_figures
    inner join {{ ref('int_outcomes__sums') }} as sums
        on
            summed_figures.budget_type_id = sums.budget_type_id
            and summed_figures.parameter_set_id = sums.parameter_set_id
            and summed_figures.window_start <= sums.booking_piece
            and summed_figures.window_end > sums.booking_piece
    left join team_scopes
        on
            summed_figures.scope_id = team_scopes.scope_id
            and sums.team_id = team_scopes.allowed_value
    left join rep_scopes
        on
            summed_figures.scope_id = rep_scopes.scope_id
            and sums.rep_id = rep_scopes.allowed_value
    where
        (team_scopes.scope_id is not null or not summed_figures.limits_team_id)
        and (rep_scopes.scope_id is not null or not summed_figures.limits_rep_id)
    group by 1, 2, 3, 4, 5, 6
),

of_keys as (
    select
        summed_figures.figure_id,
        keys.part,
        keys.rep_id,
        keys.team_id,
        keys.region_id,
        false as is_overlay,
        keys.booking_piece as piece_start,
        keys.event_piece < keys.booking_piece as is_late,
        keys.distinct_key,
        keys.amount,
        keys.record_count,
        cast(0 as bigint) as missing_amounts
    from summed_figures
    inner join {{ ref('int_outcomes__keys') }} as keys
        on
            summed_figures.budget_type_id = keys.budget_type_id
            and summed_figures.parameter_set_id = keys.parameter_set_id
            and summed_figures.window_start <= keys.booking_piece
            and summed_figures.window_end > keys.booking_piece
    left join team_scopes
        on
            summed_figures.scope_id = team_scopes.scope_id
            and keys.team_id = team_scopes.allowed_value
    left join rep_scopes
        on
            summed_figures.scope_id = rep_scopes.scope_id
            and keys.rep_id = rep_scopes.allowed_value
    where
        (team_scopes.scope_id is not null or not summed_figures.limits_team_id)
        and (rep_scopes.scope_id is not null or not summed_figures.limits_rep_id)
),

limited_figures as (
    select
        {%- for dimension in dimensions %}
            limits.limits_{{ dimension }},
        {%- endfor %}
        figures.*
    from figures
    left join limits on figures.scope_id = limits.scope_id
    where figures.figure_kind in ('counted', 'evaluated')
),

components as (
    select *
    from {{ ref('int_budget_types__components') }}
    where {{ is_among('budget_type_id', asked_types, [subjects]) }}
),

wanted as (
    select
        limited_figures.figure_id,
        limited_figures.scope_id,
        flow_parts.is_distinct,
        components.part,
        components.event_date,
        components.event_date as node_on,
        components.booking_date,
        {{ trunc_date('month', 'components.booking_date') }} as node_month,
        components.credit_type,
        components.distinct_key,
        {%- for dimension in dimensions %}
            components.{{ dimension }},
            limited_figures.limits_{{ dimension }},
        {%- endfor %}
        components.amount
    from limited_figures
    inner join components
        on
            limited_figures.budget_type_id = components.budget_type_id
            and limited_figures.parameter_set_id = components.parameter_set_id
            and limited_figures.window_start <= components.booking_date
            and limited_figures.window_end > components.booking_date
            and components.as_of is null
            and limited_figures.figure_kind = 'counted'
    inner join flow_parts
        on
            components.budget_type_id = flow_parts.budget_type_id
            and components.part = flow_parts.part

    union all

    select
        limited_figures.figure_id,
        limited_figures.scope_id,
        evaluated_parts.is_distinct,
        components.part,
        components.event_date,
        case
            when components.period_type = 'snapshot' then components.as_of
            else components.event_date
        end as node_on,
        -- Rows of an evaluation are of one day.
        components.event_date as booking_date,
        least({{ trunc_date('month', 'components.booking_date') }}, months.last_month)
            as node_month,
        components.credit_type,
        components.distinct_key,
        {%- for dimension in dimensions %}
            components.{{ dimension }},
            limited_figures.limits_{{ dimension }},
        {%- endfor %}
        components.amount
    from limited_figures
    cross join months
    inner join components
        on
            limited_figures.budget_type_id = components.budget_type_id
            and limited_figures.parameter_set_id = components.parameter_set_id
            and limited_figures.figure_period_type = components.period_type
            and limited_figures.figure_start = components.period_start
            and components.as_of is not null
            and limited_figures.figure_kind = 'evaluated'
            and (
                limited_figures.figure_campaign_id = ''
                or limited_figures.figure_campaign_id = components.campaign_id
            )
    inner join evaluated_parts
        on
            components.budget_type_id = evaluated_parts.budget_type_id
            and components.part = evaluated_parts.part
),

in_scope as (
    select wanted.*
    from wanted
    {% for dimension in dimensions -%}
        left join scopes as {{ dimension }}_scopes
            on
                wanted.scope_id = {{ dimension }}_scopes.scope_id
                and {{ dimension }}_scopes.dimension = '{{ dimension }}'
                and wanted.{{ dimension }} = {{ dimension }}_scopes.allowed_value
    {% endfor -%}
    where
        {% for dimension in dimensions -%}
            {{ "and " if not loop.first }}(
                {{ dimension }}_scopes.scope_id is not null
                or not coalesce(wanted.limits_{{ dimension }}, false)
            )
        {% endfor %}
),

of_components as (
    select
        in_scope.figure_id,
        in_scope.part,
        in_scope.rep_id,
        coalesce(rep_nodes.team_id, 'unassigned') as team_id,
        coalesce(rep_nodes.region_id, 'unassigned') as region_id,
        in_scope.credit_type = 'overlay' as is_overlay,
        case when in_scope.is_distinct then booking_pieces.piece_start end as piece_start,
        in_scope.is_distinct and event_pieces.piece_start < booking_pieces.piece_start as is_late,
        case when in_scope.is_distinct then in_scope.distinct_key end as distinct_key,
        sum(in_scope.amount) as amount,
        count(*) as record_count,
        count(*) - count(in_scope.amount) as missing_amounts
    from in_scope
    left join {{ ref('int_core__date_pieces') }} as booking_pieces
        on in_scope.booking_date = booking_pieces.date_day
    left join {{ ref('int_core__date_pieces') }} as event_pieces
        on in_scope.event_date = event_pieces.date_day
    left join {{ ref('int_core__rep_nodes') }} as rep_nodes
        on
            in_scope.rep_id = rep_nodes.rep_id
            and in_scope.node_month = rep_nodes.booking_month
            and in_scope.node_on >= rep_nodes.valid_from
            and in_scope.node_on < rep_nodes.valid_to
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
),

all_rows as (
    select * from of_sums
    union all
    select * from of_keys
    union all
    select of_components.*
    from of_components
    inner join figures on of_components.figure_id = figures.figure_id
    left join limits on figures.scope_id = limits.scope_id
    left join team_scopes
        on
            figures.scope_id = team_scopes.scope_id
            and of_components.team_id = team_scopes.allowed_value
    where team_scopes.scope_id is not null or not coalesce(limits.limits_team_id, false)
),

summed as (
    select
        all_rows.figure_id,
        all_rows.part,
        node_levels.node_level,
        {{ node_id('all_rows') }} as node_id,
        sum(all_rows.amount) as amount,
        sum(all_rows.record_count) as record_count,
        sum(all_rows.missing_amounts) as missing_amounts
    from all_rows
    cross join {{ node_levels() }}
    where
        all_rows.distinct_key is null
        -- Overlay credit is seen in the rep's own figures and nowhere else.
        and (node_levels.node_level = 'rep' or not all_rows.is_overlay)
    group by 1, 2, 3, 4
),

-- What came late and what was withdrawn in the same piece cancel out at each node.
node_keys as (
    select
        all_rows.figure_id,
        all_rows.part,
        node_levels.node_level,
        {{ node_id('all_rows') }} as node_id,
        all_rows.piece_start,
        all_rows.is_late,
        all_rows.distinct_key,
        sum(all_rows.missing_amounts) as missing_amounts
    from all_rows
    cross join {{ node_levels() }}
    where all_rows.distinct_key is not null
    group by 1, 2, 3, 4, 5, 6, 7
    having sum(all_rows.amount) > 0
),

counted as (
    select
        figure_id,
        part,
        node_level,
        node_id,
        count(distinct distinct_key) as amount,
        count(*) as record_count,
        sum(missing_amounts) as missing_amounts
    from (
        select
            figure_id,
            part,
            node_level,
            node_id,
            piece_start,
            distinct_key,
            sum(missing_amounts) as missing_amounts
        from node_keys
        group by 1, 2, 3, 4, 5, 6
    ) as piece_keys
    group by 1, 2, 3, 4
),

-- The company has a figure also where nothing happened.
parts as (
    select * from summed
    union all
    select * from counted
    union all
    select
        figure_id,
        'none' as part,
        'company' as node_level,
        'company' as node_id,
        cast(null as decimal(28, 4)) as amount,
        0 as record_count,
        0 as missing_amounts
    from figures
)

select
    figure_id,
    node_level,
    node_id,
    cast(max(case when part = 'numerator' then amount end) as decimal(28, 4)) as numerator,
    cast(max(case when part = 'denominator' then amount end) as decimal(28, 4)) as denominator,
    cast(max(case when part = 'n' then amount end) as decimal(28, 4)) as n,
    cast(sum(record_count) as bigint) as record_count,
    cast(sum(missing_amounts) as bigint) as missing_amounts
from parts
group by figure_id, node_level, node_id
