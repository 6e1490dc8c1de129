{{ config(materialized="incremental", unique_key="audit_id") }}

with facts as (
    select
        audit_id,
        {{ trunc_date('month', local_date('audited_at')) }} as event_month
    from {{ ref('stg_canonical__store_audits') }}
    where audited_at is not null
),

changes as (
    select
        audit_id,
        known_from
    from {{ ref('stg_canonical__store_audits') }}

    union all

    select
        audit_id,
        known_from
    from {{ ref('stg_canonical__store_audit_lines') }}
),

{{ bookings_of('audit_id') }}
