with context as (
    select * from {{ ref('int_core__context') }}
)

select
    audits.audit_id,
    store_days.counted_store_id as store_id,
    audits.audited_at,
    {{ local_date('audits.audited_at') }} as audited_on
from context
inner join {{ ref('stg_canonical__store_audits') }} as audits
    on {{ known_at('audits', 'context.cut_off_utc') }} and not audits.is_deleted
inner join {{ ref('int_core__store_days') }} as store_days
    on
        context.as_of = store_days.evaluated_on
        and audits.store_id = store_days.store_id
where {{ local_date('audits.audited_at') }} < context.as_of
