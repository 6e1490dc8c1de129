{#-
    Merged customers. A duplicate points to the customer it was merged into, which may have been
    merged itself; three links are followed, in the knowledge of the given moment.
-#}

{#- Joins that follow the links from `customer` as known at `moment`. -#}
{% macro join_surviving_customer(customer, moment) -%}
    left join {{ ref('int_core__customer_merges') }} as merge_1
        on {{ customer }} = merge_1.customer_id and {{ known_at('merge_1', moment) }}
    left join {{ ref('int_core__customer_merges') }} as merge_2
        on merge_1.merged_into_id = merge_2.customer_id and {{ known_at('merge_2', moment) }}
    left join {{ ref('int_core__customer_merges') }} as merge_3
        on merge_2.merged_into_id = merge_3.customer_id and {{ known_at('merge_3', moment) }}
{%- endmacro %}

{#- The customer at the end of the links of join_surviving_customer. -#}
{% macro surviving_customer(customer) -%}
    coalesce(
        merge_3.merged_into_id, merge_2.merged_into_id, merge_1.merged_into_id, {{ customer }}
    )
{%- endmacro %}
