{%- set filled = [
    'contact_id', 'valid_from', 'customer_id', 'name', 'title', 'source_id', 'recorded_at',
    'created_recorded_at', 'is_deleted'
] -%}
with

delivered as (
    select * from {{ source('raw_salesforce', 'salesforce__contact') }}
),

mapped as (
    select
        {{ salesforce_id('id') }} as contact_id,
        {{ day_of('created_date') }} as valid_from,
        {{ salesforce_id('account_id') }} as customer_id,
        coalesce(name, trim(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))) as name,
        title,
        {{ salesforce_row() }}
    from delivered
),

final as (
    {{ canonical_rows('contacts', filled, 'mapped') }}
)

select * from final
