{%- set key = {'customer_id': 'text'} -%}
{%- set columns = [
    'name', 'org_no', 'parent_customer_id', 'status', 'business_category', 'area_id',
    'purchase_method', 'segment', 'potential_amount', 'currency', 'created_at', 'customer_since',
    'lost_at', 'lost_reason', 'sales_model', 'visit_frequency_per_cycle', 'merged_into_id',
    'is_internal', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at', 'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'customers', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('customers', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_text('name_delivered') }} as name,
        {{ to_text('org_no_delivered') }} as org_no,
        {{ to_text('parent_customer_id_delivered') }} as parent_customer_id,
        {{ to_text('status_delivered') }} as status,
        {{ to_text('business_category_delivered') }} as business_category,
        {{ to_text('area_id_delivered') }} as area_id,
        {{ to_text('purchase_method_delivered') }} as purchase_method,
        {{ to_text('segment_delivered') }} as segment,
        {{ to_decimal('potential_amount_delivered') }} as potential_amount,
        {{ to_text('currency_delivered') }} as currency,
        {{ to_timestamp('created_at_delivered') }} as created_at,
        {{ to_date('customer_since_delivered') }} as customer_since,
        {{ to_date('lost_at_delivered') }} as lost_at,
        {{ to_text('lost_reason_delivered') }} as lost_reason,
        {{ to_text('sales_model_delivered') }} as sales_model,
        {{ to_int('visit_frequency_per_cycle_delivered') }} as visit_frequency_per_cycle,
        {{ to_text('merged_into_id_delivered') }} as merged_into_id,
        {{ to_bool('is_internal_delivered') }} as is_internal,
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
            missing_key('customer_id'),
            cast_fault('decimal', 'potential_amount'),
            cast_fault('timestamp', 'created_at'),
            cast_fault('date', 'customer_since'),
            cast_fault('date', 'lost_at'),
            cast_fault('int', 'visit_frequency_per_cycle'),
            cast_fault('bool', 'is_internal'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('status', ['prospect', 'customer', 'passive', 'lost']),
            not_allowed('sales_model', ['field', 'b2b']),
        ]) }} as fault
    from typed
),

{{ version_history('customers', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
