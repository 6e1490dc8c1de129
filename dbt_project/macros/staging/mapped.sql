{#- Which sources have models that make an entity's rows of objects of their own shape:
    `base_<source>__<entity>` in `models/staging/<source>/`. A new source adds its name here; no
    other SQL of the project changes. -#}
{% macro mapped_sources() -%}
    {{ return({
        'reps': ['salesforce'],
        'teams': ['salesforce'],
        'customers': ['salesforce'],
        'customer_assignments': ['salesforce'],
        'contacts': ['salesforce'],
        'decision_ladder': ['salesforce'],
        'contracts': ['salesforce'],
        'contract_lines': ['salesforce'],
        'credit_splits': ['salesforce'],
        'activities': ['salesforce'],
        'activity_participants': ['salesforce'],
        'opportunities': ['salesforce'],
        'opportunity_stage_history': ['salesforce'],
        'budgets': ['salesforce'],
        'budget_targets': ['salesforce'],
    }) }}
{%- endmacro %}


{#- Delivered rows of an entity with the named columns: those of canonical files, and those that
    other sources' models make. `counted_rows` is 1 for a row that stands for a delivered one, and 0
    for one that a model adds to it. With `only_new` the rows of the night's extracts. -#}
{% macro rows_of_entity(entity, names, only_new=false) -%}
    select
        {{ names | join(', ') }},
        cast(1 as bigint) as counted_rows
    from {{ source('raw_delta' if only_new else 'raw', entity) }}
    {%- for source_name in utfall.mapped_sources().get(entity, []) %}

    union all

    select
        {{ names | join(', ') }},
        counted_rows
    from {{ ref('base_' ~ source_name ~ '__' ~ entity) }}
    {%- if only_new %}
    where
        extract_date in (
            select changed_extracts.extract_date
            from {{ source('run', 'changed_extracts') }} as changed_extracts
            where
                changed_extracts.entity = '{{ entity }}'
                and changed_extracts.source_system = '{{ source_name }}'
        )
    {%- endif %}
    {%- endfor %}
{%- endmacro %}


{#- The last CTE of a model of another source: `relation` with every column of the entity, NULL for
    those that the source does not have, and where each row came from. -#}
{% macro canonical_rows(entity, filled, relation) -%}
    {%- set provenance = [
        'source_file', 'line', 'record_no', 'extract_date', 'raw_row', 'counted_rows'
    ] -%}
    {%- set lines = [] -%}
    {%- if execute -%}
        {%- for column in graph.sources['source.utfall.raw.' ~ entity].columns
            if column != 'source_system' -%}
            {%- do lines.append(
                'cast(' ~ (column if column in filled else 'null') ~ ' as varchar) as ' ~ column
            ) -%}
        {%- endfor -%}
        {%- for column in filled
            if column not in graph.sources['source.utfall.raw.' ~ entity].columns -%}
            {{ exceptions.raise_compiler_error(entity ~ " has no column " ~ column) }}
        {%- endfor -%}
    {%- endif -%}
    select
        {{ (lines + ['source_system'] + provenance) | join(',\n        ') }}
    from {{ relation }}
{%- endmacro %}
