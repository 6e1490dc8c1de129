{#- What figures are broken down by beside the organisation (L17), and with `with_rep` the rep. -#}
{% macro dimensions(with_rep=false) -%}
    (
        values {{ "('rep'), " if with_rep }}('area'), ('business_category'), ('purchase_method')
    ) as dimensions (dimension)
{%- endmacro %}

{#- The member of `dimensions` that a row of `alias` belongs to; 'unassigned' where it has none. -#}
{% macro member_id(alias, with_rep=false) -%}
    case dimensions.dimension
    {%- if with_rep %}
        when 'rep' then {{ alias }}.rep_id
    {%- endif %}
        when 'area' then coalesce({{ alias }}.area_id, 'unassigned')
        when 'business_category' then coalesce({{ alias }}.business_category, 'unassigned')
        else coalesce({{ alias }}.purchase_method, 'unassigned')
    end
{%- endmacro %}
