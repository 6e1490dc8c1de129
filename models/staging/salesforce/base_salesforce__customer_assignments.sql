{%- set filled = [
    'customer_id', 'rep_id', 'role', 'valid_from', 'valid_to', 'source_id', 'recorded_at',
    'created_recorded_at', 'is_deleted'
] -%}
with

delivered as (
    select
        {{ salesforce_id('id') }} as id,
        {{ salesforce_id('owner_id') }} as owner_id,
        coalesce({{ to_bool('is_deleted') }}, false) as is_gone,
        created_date,
        system_modstamp,
        source_file,
        line,
        record_no,
        extract_date,
        raw_row
    from {{ source('raw_salesforce', 'salesforce__account') }}
),

-- an account says who owns it now; who owned it before is told by the versions delivered before
compared as (
    select
        *,
        lag(owner_id) over in_order as owner_before,
        lag(is_gone) over in_order as was_gone,
        row_number() over in_order as version_no
    from delivered
    window in_order as (
        partition by id
        order by extract_date, system_modstamp, source_file, record_no
    )
),

with_first_days as (
    select
        *,
        max(case
            when version_no = 1 then {{ day_of('created_date') }}
            when owner_id is distinct from owner_before then {{ day_of('system_modstamp') }}
        end) over (
            partition by id
            order by version_no
            rows between unbounded preceding and current row
        ) as owned_from
    from compared
),

with_days_before as (
    select
        *,
        lag(owned_from) over (partition by id order by version_no) as owned_before_from
    from with_first_days
),

begun as (
    select
        *,
        owner_id as rep_id,
        owned_from as valid_from,
        cast(null as varchar) as valid_to,
        case when is_gone then 'true' else 'false' end as is_deleted
    from with_days_before
    where
        owner_id is not null
        and (
            version_no = 1
            or owner_id is distinct from owner_before
            or is_gone is distinct from was_gone
        )
),

ended as (
    select
        *,
        owner_before as rep_id,
        owned_before_from as valid_from,
        owned_from as valid_to,
        'false' as is_deleted
    from with_days_before
    where version_no > 1 and owner_before is not null and owner_id is distinct from owner_before
),

all_assignments as (
    select * from begun

    union all

    select * from ended
),

mapped as (
    select
        id as customer_id,
        rep_id,
        'owner' as role,
        valid_from,
        valid_to,
        {{ salesforce_row(counted=0) }}
    from all_assignments
),

final as (
    {{ canonical_rows('customer_assignments', filled, 'mapped') }}
)

select * from final
