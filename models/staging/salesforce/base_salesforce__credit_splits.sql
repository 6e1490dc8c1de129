{%- set filled = [
    'source_type', 'rep_id', 'credit_type', 'share', 'source_id', 'recorded_at',
    'created_recorded_at', 'is_deleted'
] -%}
with

delivered as (
    select * from {{ source('raw_salesforce', 'salesforce__opportunity_split') }}
),

mapped as (
    select
        'opportunity' as source_type,
        {{ salesforce_id('split_owner_id') }} as rep_id,
        coalesce(split_type, 'revenue') as credit_type,
        {{ percent_as_share('split_percentage') }} as share,
        {{ salesforce_id('opportunity_id') }} as source_id,
        system_modstamp as recorded_at,
        created_date as created_recorded_at,
        is_deleted,
        'salesforce' as source_system,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        cast(1 as bigint) as counted_rows
    from delivered
),

final as (
    {{ canonical_rows('credit_splits', filled, 'mapped') }}
)

select * from final
