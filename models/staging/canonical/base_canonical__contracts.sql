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

delivered as (
    {{ delivered_rows('contracts', key | list + columns) }}
),

judged as (
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
    from delivered
),

typed as not materialized (
    select
        {{ key_text(key) }} as key_text,
        {{ to_text('contract_id') }} as contract_id,
        {{ to_text('customer_id') }} as customer_id,
        {{ to_text('owner_rep_id') }} as owner_rep_id,
        {{ to_text('opportunity_id') }} as opportunity_id,
        {{ to_date('signed_at') }} as signed_at,
        {{ to_date('start_date') }} as start_date,
        {{ to_date('end_date') }} as end_date,
        {{ to_int('term_months') }} as term_months,
        {{ to_text('status') }} as status,
        {{ to_text('currency') }} as currency,
        {{ to_bool('has_termination_clause') }} as has_termination_clause,
        {{ to_date('first_free_exit_date') }} as first_free_exit_date,
        {{ to_date('termination_notice_date') }} as termination_notice_date,
        {{ to_date('termination_effective_date') }} as termination_effective_date,
        {{ to_timestamp('termination_withdrawn_at') }} as termination_withdrawn_at,
        {{ to_text('terminated_by') }} as terminated_by,
        {{ to_int('notice_months') }} as notice_months,
        {{ to_text('renews_contract_id') }} as renews_contract_id,
        {{ to_bool('auto_renewal') }} as auto_renewal,
        {{ to_text('declared_channel') }} as declared_channel,
        {{ to_text('purchase_method') }} as purchase_method,
        {{ to_text('area_id') }} as area_id,
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

{{ version_history('contracts', key | list, columns) }}

final as (
    select * from version_history
)

select * from final
