{#- What reps can be weighed by; `budgets.allocation_method` names one, or several with their shares
    in `budgets.weight_params`. -#}
{% macro planning_measures() -%}
    {{ return([
        'equal', 'customers', 'customer_revenue', 'prior_outcome', 'potential', 'working_days',
    ]) }}
{%- endmacro %}


{#- Divides the `amount` of each pool of `relation` on its rows in proportion to `weight`, in whole
    units, by the largest remainder; a pool is the rows with the same `pool`, and among equal
    remainders `order_by` decides. Without any weight all are equal. What is left below one unit
    goes to the first that was given none. Gives all columns of the relation and `share`, decimal(28,4).
    The amount is not negative. -#}
{% macro shared_out(relation, pool, order_by) -%}
    {%- set pool_columns = pool | join(', ') -%}
    with shared_parts as (
        select
            pooled.*,
            {{ utfall.in_parts('pooled.weight', 10) }} as part_weight
        from {{ relation }} as pooled
    ),

    shared_totals as (
        select
            {{ pool_columns }},
            {{ utfall.in_parts('max(amount)', 4) }} as shared_amount,
            {{ utfall.in_parts('max(unit)', 4) }} as shared_unit,
            case
                when sum(part_weight) = 0 then cast(count(*) as decimal(38, 0))
                else cast(sum(part_weight) as decimal(38, 0))
            end as total_weight,
            sum(part_weight) = 0 as is_without_weight
        from shared_parts
        group by {{ pool_columns }}
    ),

    shared_units_of as (
        select
            shared_parts.*,
            shared_totals.shared_amount,
            shared_totals.shared_unit,
            shared_totals.total_weight,
            case when shared_totals.is_without_weight then 1 else shared_parts.part_weight end
            * shared_totals.shared_amount as weighted_amount,
            {{ utfall.floor_div(
                'case when shared_totals.is_without_weight then 1 else shared_parts.part_weight end'
                ~ ' * shared_totals.shared_amount',
                'shared_totals.shared_unit * shared_totals.total_weight',
            ) }} as shared_units
        from shared_parts
        inner join shared_totals
            on
    {%- for column in pool %}
                {{ "and " if not loop.first }}shared_parts.{{ column }} = shared_totals.{{ column }}
    {%- endfor %}
    ),

    shared_rests as (
        select
            {{ pool_columns }},
            {{ utfall.floor_div(
                'max(shared_amount) - sum(shared_units) * max(shared_unit)', 'max(shared_unit)'
            ) }} as missing_units,
            max(shared_amount) - sum(shared_units) * max(shared_unit) as missing
        from shared_units_of
        group by {{ pool_columns }}
    ),

    shared_order as (
        select
            shared_units_of.*,
            shared_rests.missing_units,
            shared_rests.missing
            - shared_rests.missing_units * shared_units_of.shared_unit as missing_rest,
            shared_units_of.weighted_amount
            - shared_units_of.shared_units * shared_units_of.shared_unit
            * shared_units_of.total_weight as left_part
        from shared_units_of
        inner join shared_rests
            on
    {%- for column in pool %}
                {{ "and " if not loop.first }}shared_units_of.{{ column }} = shared_rests.{{ column }}
    {%- endfor %}
    ),

    shared_numbers as (
        select
            shared_order.*,
            row_number() over (
                partition by {{ pool_columns }} order by left_part desc, {{ order_by }}
            ) as share_no
        from shared_order
    )

    select
        shared_numbers.*,
        cast(
            (
                shared_units * shared_unit
                + case
                    when share_no <= missing_units then shared_unit
                    when share_no = 1 + missing_units then missing_rest
                    else 0
                end
            ) * cast(0.0001 as decimal(5, 4))
        as decimal(28, 4)) as share
    from shared_numbers
{%- endmacro %}


{#- The smallest whole number not below a / b, of an amount and a rate; NULL where b is 0. -#}
{% macro round_up_ratio(a, b) -%}
    {{ utfall.floor_div(
        utfall.in_parts(a, 4) ~ ' * 1000000 + ' ~ utfall.in_parts(b, 10) ~ ' - 1',
        utfall.in_parts(b, 10),
    ) }}
{%- endmacro %}
