{%- set key = {'opportunity_id': 'text', 'entered_at': 'timestamp'} -%}
{%- set columns = [
    'stage', 'amount', 'probability', 'expected_close_date', 'expected_decision_date',
    'owner_rep_id', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'opportunity_stage_history', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('opportunity_stage_history', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('opportunity_id_delivered') }} as opportunity_id,
        {{ to_timestamp('entered_at_delivered') }} as entered_at,
        {{ to_text('stage_delivered') }} as stage,
        {{ to_decimal('amount_delivered') }} as amount,
        {{ to_share('probability_delivered') }} as probability,
        {{ to_date('expected_close_date_delivered') }} as expected_close_date,
        {{ to_date('expected_decision_date_delivered') }} as expected_decision_date,
        {{ to_text('owner_rep_id_delivered') }} as owner_rep_id,
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
            missing_key('opportunity_id'),
            missing_key('entered_at'),
            cast_fault('timestamp', 'entered_at'),
            cast_fault('decimal', 'amount'),
            cast_fault('share', 'probability'),
            cast_fault('date', 'expected_close_date'),
            cast_fault('date', 'expected_decision_date'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
        ]) }} as fault
    from typed
),

{{ version_history('opportunity_stage_history', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
