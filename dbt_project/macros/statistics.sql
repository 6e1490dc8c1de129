{#- Post-hook of tables: tells the planner what the new rows look like, where an engine needs telling
    before the next model reads them. -#}
{% macro refresh_statistics() -%}
    {{ adapter.dispatch('refresh_statistics', 'utfall')() }}
{%- endmacro %}

{% macro default__refresh_statistics() -%}
{%- endmacro %}

{% macro postgres__refresh_statistics() -%}
    {%- if model.config.materialized in ('table', 'incremental', 'seed') -%}
    analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
