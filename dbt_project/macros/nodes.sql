{#- The four levels every figure is computed at, each from the components, never from each other. -#}
{% macro node_levels() -%}
    (values ('rep'), ('team'), ('region'), ('company')) as node_levels (node_level)
{%- endmacro %}

{#- The node of `alias` at the level of node_levels. -#}
{% macro node_id(alias) -%}
    case node_levels.node_level
        when 'rep' then {{ alias }}.rep_id
        when 'team' then {{ alias }}.team_id
        when 'region' then {{ alias }}.region_id
        else 'company'
    end
{%- endmacro %}
