{%- set filled = [
    'budget_id', 'node_type', 'node_id', 'channel', 'month', 'version', 'target',
    'valid_from', 'source_id', 'recorded_at', 'created_recorded_at', 'is_deleted'
] -%}
with

-- where the export does not say which forecast it is, it is that of signed volume
delivered as (
    select
        *,
        'false' as is_deleted,
        coalesce(forecasting_type, 'signed_volume') as budget_type_id
    from {{ source('raw_salesforce', 'salesforce__forecasting_quota') }}
),

mapped as (
    select
        'salesforce-' || budget_type_id || '-' || substr(start_date, 1, 4) as budget_id,
        'rep' as node_type,
        {{ salesforce_id('quota_owner_id') }} as node_id,
        'all' as channel,
        start_date as month,
        '1' as version,
        coalesce(quota_amount, quota_quantity) as target,
        start_date as valid_from,
        {{ salesforce_row() }}
    from delivered
),

final as (
    {{ canonical_rows('budget_targets', filled, 'mapped') }}
)

select * from final
