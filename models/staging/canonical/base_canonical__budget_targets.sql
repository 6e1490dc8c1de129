{%- set key = {
    'budget_id': 'text', 'node_type': 'text', 'node_id': 'text', 'channel': 'text',
    'month': 'date', 'version': 'int'
} -%}
{%- set columns = [
    'target', 'is_locked', 'floor', 'cap', 'valid_from', 'reason', 'changed_by', 'source_id',
    'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'budget_targets', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('budget_targets', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('budget_id_delivered') }} as budget_id,
        {{ to_text('node_type_delivered') }} as node_type,
        {{ to_text('node_id_delivered') }} as node_id,
        {{ to_text('channel_delivered') }} as channel,
        {{ to_date('month_delivered') }} as month,
        {{ to_int('version_delivered') }} as version,
        {{ to_decimal('target_delivered') }} as target,
        {{ to_bool('is_locked_delivered') }} as is_locked,
        {{ to_decimal('floor_delivered') }} as floor,
        {{ to_decimal('cap_delivered') }} as cap,
        {{ to_date('valid_from_delivered') }} as valid_from,
        {{ to_text('reason_delivered') }} as reason,
        {{ to_text('changed_by_delivered') }} as changed_by,
        {{ to_text('source_id_delivered') }} as source_id,
        {{ to_timestamp('recorded_at_delivered') }} as recorded_at,
        {{ to_timestamp('created_recorded_at_delivered') }} as created_recorded_at,
        {{ to_timestamp('extracted_at_delivered') }} as extracted_at,
        {{ to_bool('is_deleted_delivered') }} as is_deleted
    from delivered
),

judged as not materialized (
    select
        *,
        {{ first_fault([
            missing_key('budget_id'),
            missing_key('node_type'),
            missing_key('node_id'),
            missing_key('channel'),
            missing_key('month'),
            missing_key('version'),
            cast_fault('date', 'month'),
            cast_fault('int', 'version'),
            cast_fault('decimal', 'target'),
            cast_fault('bool', 'is_locked'),
            cast_fault('decimal', 'floor'),
            cast_fault('decimal', 'cap'),
            cast_fault('date', 'valid_from'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('node_type', ['rep', 'team', 'region', 'company']),
            not_allowed('channel', ['all', 'new', 'renewal', 'upsell', 'win_back']),
        ]) }} as fault
    from typed
),

{{ version_history('budget_targets', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
