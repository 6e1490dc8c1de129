{%- set filled = [
    'contract_line_id', 'contract_id', 'product_category', 'product_id', 'annual_value',
    'source_id', 'recorded_at', 'created_recorded_at', 'is_deleted'
] -%}
with

line_items as (
    select
        *,
        {{ salesforce_id('id') }} as contract_line_id,
        {{ salesforce_id('opportunity_id') }} as line_opportunity_id
    from {{ source('raw_salesforce', 'salesforce__opportunity_line_item') }}
),

opportunities as (
    select
        {{ salesforce_id('id') }} as opportunity_id,
        {{ salesforce_id('contract_id') }} as contract_id,
        system_modstamp,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row
    from {{ source('raw_salesforce', 'salesforce__opportunity') }}
),

-- What a row says is joined with what had been delivered of the other object by then; where that
-- comes later, its row says it anew. So a row depends on its own extract and earlier ones only.
of_line_items as (
    select
        line_items.contract_line_id,
        line_items.id,
        line_items.is_deleted,
        line_items.product2_id,
        line_items.product_family,
        line_items.total_price,
        line_items.created_date,
        greatest(line_items.system_modstamp, opportunities.system_modstamp) as system_modstamp,
        line_items.source_file,
        line_items.line,
        line_items.record_no,
        line_items.extract_date,
        line_items.raw_row,
        line_items.line_opportunity_id,
        opportunities.contract_id,
        row_number() over (
            partition by line_items.source_file, line_items.record_no
            order by
                opportunities.extract_date desc nulls last,
                opportunities.system_modstamp desc nulls last,
                opportunities.record_no desc nulls last
        ) as newest,
        1 as counted
    from line_items
    left join opportunities
        on
            line_items.line_opportunity_id = opportunities.opportunity_id
            and line_items.extract_date >= opportunities.extract_date
),

of_opportunities as (
    select
        line_items.contract_line_id,
        line_items.id,
        line_items.is_deleted,
        line_items.product2_id,
        line_items.product_family,
        line_items.total_price,
        line_items.created_date,
        greatest(line_items.system_modstamp, opportunities.system_modstamp) as system_modstamp,
        opportunities.source_file,
        opportunities.line,
        opportunities.record_no,
        opportunities.extract_date,
        opportunities.raw_row,
        line_items.line_opportunity_id,
        opportunities.contract_id,
        row_number() over (
            partition by
                line_items.contract_line_id, opportunities.source_file, opportunities.record_no
            order by
                line_items.extract_date desc,
                line_items.system_modstamp desc,
                line_items.record_no desc
        ) as newest,
        0 as counted
    from opportunities
    inner join line_items
        on
            opportunities.opportunity_id = line_items.line_opportunity_id
            and opportunities.extract_date > line_items.extract_date
),

joined as (
    select * from of_line_items
    where newest = 1

    union all

    select * from of_opportunities
    where newest = 1
),

-- a line of an opportunity that has led to no contract is no line of a contract yet: it waits as a
-- deleted one, under the opportunity's own id
with_contracts as (
    select
        contract_line_id,
        id,
        product2_id,
        product_family,
        total_price,
        created_date,
        system_modstamp,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        counted,
        coalesce(contract_id, line_opportunity_id) as contract_id,
        case when contract_id is null then 'true' else is_deleted end as is_deleted
    from joined
),

mapped as (
    select
        contract_line_id,
        contract_id,
        product_family as product_category,
        {{ salesforce_id('product2_id') }} as product_id,
        total_price as annual_value,
        {{ salesforce_row(counted='counted') }}
    from with_contracts
),

final as (
    {{ canonical_rows('contract_lines', filled, 'mapped') }}
)

select * from final
