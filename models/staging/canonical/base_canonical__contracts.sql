{%- set key = {'contract_id': 'text'} -%}
{%- set columns = [
    'customer_id', 'owner_rep_id', 'opportunity_id', 'signed_at', 'start_date', 'end_date',
    'term_months', 'status', 'currency', 'has_termination_clause', 'first_free_exit_date',
    'termination_notice_date', 'termination_effective_date', 'termination_withdrawn_at',
    'terminated_by', 'notice_months', 'renews_contract_id', 'auto_renewal', 'declared_channel',
    'purchase_method', 'area_id', 'source_id', 'recorded_at', 'created_recorded_at', 'extracted_at',
    'is_deleted'
] -%}
{{
    config(
        materialized='incremental',
        incremental_strategy='delete+insert',
        unique_key='key_text',
        pre_hook="{{ forget_when_out_of_order() }}",
        meta={'entity': 'contracts', 'key': key},
    )
}}

with

delivered as not materialized (
    {{ delivered_rows('contracts', key, columns) }}
),

typed as not materialized (
    select
        *,
        {{ to_text('contract_id_delivered') }} as contract_id,
        {{ to_text('customer_id_delivered') }} as customer_id,
        {{ to_text('owner_rep_id_delivered') }} as owner_rep_id,
        {{ to_text('opportunity_id_delivered') }} as opportunity_id,
        {{ to_date('signed_at_delivered') }} as signed_at,
        {{ to_date('start_date_delivered') }} as start_date,
        {{ to_date('end_date_delivered') }} as end_date,
        {{ to_int('term_months_delivered') }} as term_months,
        {{ to_text('status_delivered') }} as status,
        {{ to_text('currency_delivered') }} as currency,
        {{ to_bool('has_termination_clause_delivered') }} as has_termination_clause,
        {{ to_date('first_free_exit_date_delivered') }} as first_free_exit_date,
        {{ to_date('termination_notice_date_delivered') }} as termination_notice_date,
        {{ to_date('termination_effective_date_delivered') }} as termination_effective_date,
        {{ to_timestamp('termination_withdrawn_at_delivered') }} as termination_withdrawn_at,
        {{ to_text('terminated_by_delivered') }} as terminated_by,
        {{ to_int('notice_months_delivered') }} as notice_months,
        {{ to_text('renews_contract_id_delivered') }} as renews_contract_id,
        {{ to_bool('auto_renewal_delivered') }} as auto_renewal,
        {{ to_text('declared_channel_delivered') }} as declared_channel,
        {{ to_text('purchase_method_delivered') }} as purchase_method,
        {{ to_text('area_id_delivered') }} as area_id,
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
            missing_key('contract_id'),
            missing_required('customer_id'),
            cast_fault('date', 'signed_at'),
            cast_fault('date', 'start_date'),
            cast_fault('date', 'end_date'),
            cast_fault('int', 'term_months'),
            cast_fault('bool', 'has_termination_clause'),
            cast_fault('date', 'first_free_exit_date'),
            cast_fault('date', 'termination_notice_date'),
            cast_fault('date', 'termination_effective_date'),
            cast_fault('timestamp', 'termination_withdrawn_at'),
            cast_fault('int', 'notice_months'),
            cast_fault('bool', 'auto_renewal'),
            cast_fault('timestamp', 'recorded_at'),
            cast_fault('timestamp', 'created_recorded_at'),
            cast_fault('timestamp', 'extracted_at'),
            cast_fault('bool', 'is_deleted'),
            not_allowed('status', ['draft', 'signed', 'active', 'terminated', 'expired', 'void']),
            not_allowed('terminated_by', ['customer', 'vendor']),
            not_allowed('declared_channel', ['new', 'renewal', 'upsell', 'win_back']),
        ]) }} as fault
    from typed
),

{{ version_history('contracts', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
