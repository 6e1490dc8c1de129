{%- set key = {'contact_id': 'text', 'valid_from': 'date'} -%}
{%- set columns = [
    'valid_to', 'customer_id', 'name', 'title', 'buying_role', 'is_decision_maker', 'is_mobilizer',
    'is_deselected', 'engagement_plan', 'source_id', 'recorded_at', 'created_recorded_at',
    'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'contacts', 'key': key},
    )
}}

with

delivered as (
    {{ delivered_rows('contacts', key | list + columns) }}
),

judged as (
    select
        *,
        {{ first_fault([
            missing_key('contact_id'),
            missing_key('valid_from'),
            missing_required('customer_id'),
            cast_fault('date', 'valid_from'),
            cast_fault('date', 'valid_to'),
            cast_fault('bool', 'is_decision_maker'),
            cast_fault('bool', 'is_mobilizer'),
            cast_fault('bool', 'is_deselected'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('buying_role', [
            'decision_maker', 'influencer', 'user', 'buyer', 'gatekeeper', 'other'
        ]),
        ]) }} as fault
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('contact_id') }} as contact_id,
        {{ to_date('valid_from') }} as valid_from,
        {{ to_date('valid_to') }} as valid_to,
        {{ to_text('customer_id') }} as customer_id,
        {{ to_text('name') }} as name,
        {{ to_text('title') }} as title,
        {{ to_text('buying_role') }} as buying_role,
        {{ to_bool('is_decision_maker') }} as is_decision_maker,
        {{ to_bool('is_mobilizer') }} as is_mobilizer,
        {{ to_bool('is_deselected') }} as is_deselected,
        {{ to_text('engagement_plan') }} as engagement_plan,
        {{ to_text('source_id') }} as source_id,
        {{ to_timestamp('recorded_at') }} as recorded_at,
        {{ to_timestamp('created_recorded_at') }} as created_recorded_at,
        {{ to_timestamp('extracted_at') }} as extracted_at,
        coalesce({{ to_bool('is_deleted') }}, false) as is_deleted,
        source_system,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row,
        fault,
        {{ content_hash(key | list + columns) }} as content_hash
    from judged
),

{{ version_history('contacts', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
