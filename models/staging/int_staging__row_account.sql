{{ config(materialized='table') }}

with

ledger as (
    select * from {{ source('run', 'ledger') }}
),

feeds as (
    select * from {{ source('run', 'feeds') }}
),

fates as (
    {%- for entity in canonical_entities() %}
        {{ row_fates(entity) }}
        {{ "union all" if not loop.last }}
    {%- endfor %}
),

-- the rows of a source's own object are counted in the entity that gets one row for each of them
files as (
    select
        ledger.entity,
        ledger.source,
        ledger.extract_date,
        ledger.path,
        ledger.sha256,
        ledger.status,
        ledger.rows_loaded,
        feeds.entity as counted_in,
        row_number() over (
            partition by feeds.entity, ledger.status
            order by ledger.extract_date desc, ledger.path desc, ledger.sha256 desc
        ) as newest_first
    from ledger
    inner join feeds on ledger.entity = feeds.delivered and feeds.is_counted
    where ledger.rows_loaded > 0
),

loaded as (
    select
        counted_in,
        sum(rows_loaded) as rows_loaded
    from files
    where status = 'loaded'
    group by counted_in
),

staged as (
    select
        entity,
        sum(rows_staged) as rows_staged
    from fates
    group by entity
),

-- rows that raw holds and staging does not answer for, or the other way round: always zero, unless
-- a model loses or doubles rows; which file they came from is then not known
differences as (
    select
        loaded.counted_in,
        loaded.rows_loaded - coalesce(staged.rows_staged, 0) as rows_lost
    from loaded
    left join staged on loaded.counted_in = staged.entity
),

accounted as (
    select
        files.*,
        coalesce(fates.rows_current, 0) as rows_current,
        coalesce(fates.rows_deleted, 0) as rows_deleted,
        coalesce(fates.rows_quarantined, 0) as rows_quarantined,
        files.rows_loaded
        - coalesce(fates.rows_current, 0)
        - coalesce(fates.rows_deleted, 0)
        - coalesce(fates.rows_quarantined, 0)
        - case when files.newest_first = 1 then coalesce(differences.rows_lost, 0) else 0 end
            as rows_superseded
    from files
    left join fates
        on
            files.status = 'loaded'
            and files.counted_in = fates.entity
            and files.path = fates.source_file
    left join differences
        on
            files.status = 'loaded'
            and files.counted_in = differences.counted_in
),

final as (
    select
        entity,
        source,
        extract_date,
        path,
        sha256,
        status,
        rows_loaded,
        cast(rows_current as bigint) as rows_current,
        cast(rows_superseded as bigint) as rows_superseded,
        cast(rows_deleted as bigint) as rows_deleted,
        cast(rows_quarantined as bigint) as rows_quarantined
    from accounted
)

select * from final
