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

delivered as not materialized (
    {{ delivered_rows('contacts', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('contact_id_delivered') }} as contact_id,
        {{ to_date('valid_from_delivered') }} as valid_from,
        {{ to_date('valid_to_delivered') }} as valid_to,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_text('name_delivered') }} as name,
        {{ to_text('title_delivered') }} as title,
        {{ to_text('buying_role_delivered') }} as buying_role,
        {{ to_bool('is_decision_maker_delivered') }} as is_decision_maker,
        {{ to_bool('is_mobilizer_delivered') }} as is_mobilizer,
        {{ to_bool('is_deselected_delivered') }} as is_deselected,
        {{ to_text('engagement_plan_delivered') }} as engagement_plan,
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
    from typed
),

{{ version_history('contacts', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
