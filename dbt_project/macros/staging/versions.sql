{#-
    From delivered rows to versions: the one piece of logic that all base models share.

    A base model casts the delivered rows of its entity, says in a CTE named `judged` which of them
    are at fault, and hands them to `version_history`, which decides which are versions:

    1. known_from is the earlier of recorded_at and extracted_at; an extract that says neither
       holds what was true when its day began.
    2. Of rows with the same key and known_from the last delivered one stays.
    3. A key that a complete full extract no longer holds was deleted just before that day began;
       if it comes back, it is a new version from just before the day it came back.
    4. A row that says the same as the version before it, and has no usable time of its own, is no
       new version: a full extract that is delivered every day does not multiply versions.
    5. known_to is the next version's known_from.

    The CTEs that hold every delivered row are `not materialized`: what needs only their key reads
    only their key, and a large entity is never held in memory as a whole.

    Rows that are set aside go along, but never take part in 3 to 5.

    No row is lost on the way: `delivered_rows` says how many delivered rows a stored row stands
    for, itself and those that 2 and 4 dropped in its favour. Added up over a table it is the number
    of rows that its extracts loaded, and `int_staging__row_account` holds the night to it.

    An ordinary night reads the new extracts and the table's own rows of the keys in them. That
    gives what a full rebuild gives because the table keeps, beside each version, the little that
    later rows can ask about the ones it dropped: last_seen, first_extract_date, repeated_until,
    revived_on. Where the night's extracts are not all later than the table's (late, corrected,
    withdrawn), `forget_when_out_of_order` empties the table first, and an empty table is filled
    from all raw rows.
-#}

{#- The columns of the key as one text, by which versions are grouped and rewritten. Types whose
    text can be written in several ways are cast first. Parts are joined by the unit separator. -#}
{% macro key_text(key) -%}
    {%- for column, type in key.items() %}
    {%- if type in ('text', 'date') -%}
        coalesce({{ utfall.to_text(column) }}, '')
    {%- else -%}
        coalesce(
            cast({{ utfall.to_type(type, column) }} as varchar), {{ utfall.to_text(column) }}, ''
        )
    {%- endif -%}
    {{ " || chr(31) || " if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#- The moment from which a row counts as known: nothing is known before it was recorded, and
    nothing recorded after the extract can have been in it. -#}
{% macro natural_known_from(recorded_at, extracted_at, extract_date) -%}
    coalesce(
        least({{ recorded_at }}, {{ extracted_at }}),
        {{ utfall.just_before_day(extract_date) }}
    )
{%- endmacro %}


{#- The last instant before the company's day begins: what is known then counts on that day. -#}
{% macro just_before_day(day) -%}
    ({{ utfall.local_midnight_utc(day) }} - interval '1 microsecond')
{%- endmacro %}


{#- Empties a base table when the night's extracts cannot simply be added to it: one of them is
    dated on or before the base's day, or a row falls into a stretch of time over which a repeated
    row was dropped. Runs before the model, whose meta names the entity and the key's types. -#}
{% macro forget_when_out_of_order() -%}
    {%- if is_incremental() -%}
    {%- set entity = model.config.meta.entity -%}
    {%- set key = model.config.meta.key -%}
    delete from {{ this }}
    where
        exists (
            select 1
            from {{ source('run', 'changed_extracts') }} as changed_extracts
            inner join {{ source('run', 'run_context') }} as run_context
                on changed_extracts.extract_date <= run_context.base_as_of
            where changed_extracts.entity = '{{ entity }}'
        )
        or exists (
            select 1
            from (
                select
                    {{ utfall.key_text(key) }} as delivered_key,
                    {{ utfall.natural_known_from(
                        utfall.to_timestamp('recorded_at'),
                        utfall.to_timestamp('extracted_at'),
                        'extract_date'
                    ) }} as delivered_known_from
                from {{ source('raw_delta', entity) }}
            ) as delivered
            inner join {{ this }} as stored
                on delivered.delivered_key = stored.key_text
            where delivered.delivered_known_from <= stored.repeated_until
        )
    {%- endif -%}
{%- endmacro %}


{#- The raw rows to read, each column as `<column>_delivered`: all rows into a new or emptied table,
    else only those of extracts that differ from what the table holds. An emptied table is told by
    a set of sources that is empty on an ordinary night, so that the engine does not open the
    history at all. In a full build `is_alone` marks rows whose key was delivered once, most rows
    of a large entity: they need no comparing with others. -#}
{% macro delivered_rows(entity, key, columns) -%}
    {%- set provenance = [
        'source_system', 'source_file', 'line', 'record_no', 'extract_date', 'raw_row'
    ] -%}
    {%- set names = key | list + columns + provenance -%}
    {%- set separator = ',\n        ' -%}
    {%- set delivered = [] -%}
    {%- for column in key | list + columns -%}
        {%- do delivered.append(column ~ ' as ' ~ column ~ '_delivered') -%}
    {%- endfor -%}
    {%- if is_incremental() -%}
    select
        {{ utfall.key_text(key) }} as key_text,
        {{ (delivered + provenance) | join(separator) }},
        counted_rows,
        false as is_alone
    from (
        {{ utfall.rows_of_entity(entity, names, only_new=true) }}
    ) as new_rows
    where exists (select 1 from {{ this }})

    union all

    select
        {{ utfall.key_text(key) }} as key_text,
        {{ (delivered + provenance) | join(separator) }},
        counted_rows,
        false as is_alone
    from (
        {{ utfall.rows_of_entity(entity, names) }}
    ) as all_rows
    where
        source_system in (
            select extracts.source_system from {{ source('run', 'extracts') }} as extracts
            where extracts.entity = '{{ entity }}' and not exists (select 1 from {{ this }})
        )
    {%- else -%}
    select
        all_rows.*,
        repeated_keys.key_text is null as is_alone
    from (
        select
            {{ utfall.key_text(key) }} as key_text,
            {{ (delivered + provenance) | join(',\n            ') }},
            counted_rows
        from (
            {{ utfall.rows_of_entity(entity, names) }}
        ) as rows_of_entity
    ) as all_rows
    left join (
        select {{ utfall.key_text(key) }} as key_text
        from (
            {{ utfall.rows_of_entity(entity, key | list) }}
        ) as rows_of_entity
        group by 1
        having count(*) > 1
    ) as repeated_keys
        on all_rows.key_text = repeated_keys.key_text
    {%- endif -%}
{%- endmacro %}


{#- What tells two deliveries of a row apart where its own times cannot: rows that are set aside,
    without recorded_at, or recorded after they were extracted. NULL for all others, which saves
    the hash of every row of a large entity. -#}
{% macro content_hash(columns) -%}
    {%- set delivered = [] -%}
    {%- for column in columns if column != 'extracted_at' -%}
        {%- do delivered.append(column ~ '_delivered') -%}
    {%- endfor -%}
    case
        when fault is not null or recorded_at is null or recorded_at > extracted_at
            then {{ utfall.hash_key(delivered) }}
    end
{%- endmacro %}


{#- The CTEs from `judged` to `version_history`. `key` and `columns` name the typed columns of the
    entity: its key, and everything else including the common columns but source_system. -#}
{% macro version_history(entity, key, columns) -%}
    {%- set extracts = source('run', 'extracts') -%}
    {%- set rejects = source('run', 'rejects') -%}
    {%- set changed_extracts = source('run', 'changed_extracts') -%}
    {%- set provenance = ['source_system', 'source_file', 'line', 'record_no', 'extract_date'] -%}
    {%- set described = ['key_text'] + key + columns + provenance -%}
    {%- set state = [
        'fault', 'content_hash', 'raw_row', 'known_from', 'is_absence', 'revived_on',
        'first_extract_date', 'last_seen', 'repeated_until', 'delivered_rows'
    ] -%}
    {%- set separator = ',\n        ' -%}
    {%- set key_list = key | join(separator) -%}
    {%- set whole_key = key | join(' is not null and ') ~ ' is not null' -%}
delivered_extracts as (
    select
        source_system,
        extract_date,
        max(load_mode) as load_mode,
        sum(rows_loaded) as rows_loaded
    from {{ extracts }}
    where entity = '{{ entity }}'
    group by source_system, extract_date
),

-- absence proves a deletion only where nothing of the extract was lost on the way
complete_full_extracts as (
    select delivered_extracts.source_system, delivered_extracts.extract_date
    from delivered_extracts
    left join (
        select distinct source_system, extract_date
        from {{ rejects }}
        where entity = '{{ entity }}'
    ) as extracts_with_rejects
        on
            delivered_extracts.source_system = extracts_with_rejects.source_system
            and delivered_extracts.extract_date = extracts_with_rejects.extract_date
    where
        delivered_extracts.load_mode = 'full'
        and delivered_extracts.rows_loaded > 0
        and extracts_with_rejects.extract_date is null
),

next_full_extracts as (
    select
        delivered_extracts.source_system,
        delivered_extracts.extract_date,
        min(complete_full_extracts.extract_date) as next_full_date
    from delivered_extracts
    inner join complete_full_extracts
        on
            delivered_extracts.source_system = complete_full_extracts.source_system
            and delivered_extracts.extract_date < complete_full_extracts.extract_date
    group by delivered_extracts.source_system, delivered_extracts.extract_date
),

-- empty for an entity that no source delivers in full, whose rows are then not read for absences
observed_sources as (
    select source_system
    from delivered_extracts
    where exists (select 1 from next_full_extracts)
),

{% if is_incremental() %}
affected_keys as (
    select key_text from judged

    union

    select stored.key_text
    from {{ this }} as stored
    where
        substr(stored.last_seen, 12) in (
            select complete_full_extracts.source_system
            from complete_full_extracts
            inner join {{ changed_extracts }} as changed_extracts
                on
                    complete_full_extracts.source_system = changed_extracts.source_system
                    and complete_full_extracts.extract_date = changed_extracts.extract_date
            where changed_extracts.entity = '{{ entity }}'
        )
),

stored_rows as (
    select *
    from {{ this }}
    where key_text in (select affected_keys.key_text from affected_keys)
),
{% endif %}

presence as (
    select
        key_text,
        {{ key_list }},
        extract_date,
        max(source_system) as source_system
    from judged
    where
        source_system in (select observed_sources.source_system from observed_sources)
        and {{ whole_key }}
    group by
        key_text,
        {{ key_list }},
        extract_date
    {%- if is_incremental() %}

    union all

    select
        key_text,
        {{ key_list }},
        cast(substr(last_seen, 1, 10) as date) as extract_date,
        substr(last_seen, 12) as source_system
    from stored_rows
    where {{ whole_key }}
    group by
        key_text,
        {{ key_list }},
        last_seen
    {%- endif %}
),

stretches as (
    select
        key_text,
        {{ key_list }},
        source_system,
        extract_date,
        lead(extract_date) over (partition by key_text order by extract_date) as next_seen
    from presence
),

absences as (
    select
        stretches.key_text,
        {% for column in key -%}
        stretches.{{ column }},
        {% endfor -%}
        stretches.source_system,
        next_full_extracts.next_full_date as absent_on,
        stretches.next_seen as revived_on
    from stretches
    inner join next_full_extracts
        on
            stretches.source_system = next_full_extracts.source_system
            and stretches.extract_date = next_full_extracts.extract_date
    where
        stretches.next_seen is null
        or next_full_extracts.next_full_date < stretches.next_seen
),

returns as (
    select
        key_text,
        revived_on,
        {{ utfall.just_before_day('absent_on') }} as deleted_from,
        {{ utfall.just_before_day('revived_on') }} as revived_from,
        coalesce(
            lead(absent_on) over (partition by key_text order by absent_on),
            cast('9999-12-31' as date)
        ) as next_absent_on
    from (
        select
            key_text,
            absent_on,
            revived_on
        from absences
        where revived_on is not null
        {%- if is_incremental() %}

        union

        select
            key_text,
            extract_date as absent_on,
            revived_on
        from stored_rows
        where is_absence and revived_on is not null
        {%- endif %}
    ) as all_returns
),

dated as not materialized (
    select
        {{ described | reject('equalto', 'is_deleted') | join(separator) }},
        coalesce(is_deleted, false) as is_deleted,
        fault,
        {{ utfall.content_hash(key + columns) }} as content_hash,
        case
            when fault is not null
                then coalesce(raw_row, {{ utfall.delivered_as_json(key + columns) }})
        end as raw_row,
        case
            when fault is null
                then {{ utfall.natural_known_from('recorded_at', 'extracted_at', 'extract_date') }}
        end as natural_from,
        cast(extract_date as varchar) || ' ' || source_system as last_seen,
        counted_rows,
        {%- if is_incremental() %}
        is_alone
        {%- else %}
        is_alone and not exists (select 1 from observed_sources) as is_alone
        {%- endif %}
    from judged
),

-- no rows: an absent row's empty columns, of the types that they have in the others
typed_nothing as not materialized (
    select * from judged where false
),

candidates as (
    select
        {% for column in described + ['fault', 'content_hash', 'raw_row'] -%}
        dated.{{ column }},
        {% endfor -%}
        case
            when dated.natural_from <= returns.deleted_from then returns.revived_from
            else dated.natural_from
        end as known_from,
        false as is_absence,
        cast(null as date) as revived_on,
        dated.extract_date as first_extract_date,
        dated.last_seen,
        cast(null as timestamp) as repeated_until,
        dated.counted_rows as delivered_rows
    from dated
    left join returns
        on
            dated.key_text = returns.key_text
            and dated.extract_date >= returns.revived_on
            and dated.extract_date < returns.next_absent_on
    where not dated.is_alone

    union all

    select
        absences.key_text,
        {% for column in key -%}
        absences.{{ column }},
        {% endfor -%}
        {% for column in columns -%}
        {{ 'true' if column == 'is_deleted' else 'nothing.' ~ column }} as {{ column }},
        {% endfor -%}
        absences.source_system,
        null as source_file,
        null as line,
        null as record_no,
        absent_on as extract_date,
        null as fault,
        null as content_hash,
        null as raw_row,
        {{ utfall.just_before_day('absent_on') }} as known_from,
        true as is_absence,
        revived_on,
        absent_on as first_extract_date,
        null as last_seen,
        null as repeated_until,
        cast(0 as bigint) as delivered_rows
    from absences
    left join typed_nothing as nothing on absences.key_text = nothing.key_text
    {%- if is_incremental() %}

    union all

    select
        {{ described | join(separator) }},
        quarantine_reason || ':' || quarantine_column as fault,
        {{ state | reject('equalto', 'fault') | join(separator) }}
    from stored_rows
    {%- endif %}
),

ranked as (
    select
        {{ described | join(separator) }},
        fault,
        content_hash,
        raw_row,
        known_from,
        is_absence,
        revived_on,
        repeated_until,
        row_number() over latest_first as delivery_rank,
        min(first_extract_date) over all_deliveries as first_extract_date,
        max(last_seen) over all_deliveries as last_seen,
        sum(delivered_rows) over all_deliveries as delivered_rows
    from candidates
    window
        latest_first as (
            partition by
                key_text, fault, known_from, case when fault is not null then content_hash end
            order by
                recorded_at desc nulls last,
                extracted_at desc nulls last,
                extract_date desc,
                source_file desc nulls last,
                record_no desc nulls last,
                revived_on desc nulls last
        ),
        all_deliveries as (
            latest_first rows between unbounded preceding and unbounded following
        )
),

compared as (
    select
        {{ (described + state) | join(separator) }},
        coalesce(
            content_hash = lag(content_hash) over versions_in_order
            and recorded_at is not distinct from lag(recorded_at) over versions_in_order,
            false
        ) and fault is null as is_repeat
    from ranked
    where delivery_rank = 1
    window versions_in_order as (
        partition by key_text, fault is null
        order by known_from, fault nulls first, content_hash nulls first
    )
),

chained as (
    select
        {{ (described + state)
            | reject('in', ['last_seen', 'repeated_until', 'delivered_rows']) | join(separator) }},
        is_repeat,
        min(case when not is_repeat then known_from end) over later_versions as next_known_from,
        min(case when not is_absence then known_from end) over whole_history as first_recorded_at,
        max(last_seen) over whole_history as last_seen,
        max(case when is_repeat then known_from else repeated_until end) over whole_history
            as repeated_until,
        -- the first row of a key is never a repeat: it stands for all repeats that are dropped
        cast(
            delivered_rows
            + case
                when row_number() over versions_in_order = 1
                    then
                        coalesce(
                            sum(case when is_repeat then delivered_rows end) over whole_history, 0
                        )
                else 0
            end as bigint
        ) as delivered_rows
    from compared
    window
        versions_in_order as (
            partition by key_text
            order by known_from nulls last, fault nulls first, content_hash nulls first
        ),
        later_versions as (
            versions_in_order rows between 1 following and unbounded following
        ),
        whole_history as (
            versions_in_order rows between unbounded preceding and unbounded following
        )
),

version_history as (
    select
        {{ described | join(separator) }},
        known_from,
        case
            when known_from is not null
                then coalesce(next_known_from, cast('9999-12-31' as timestamp))
        end as known_to,
        first_recorded_at,
        split_part(fault, ':', 1) as quarantine_reason,
        split_part(fault, ':', 2) as quarantine_column,
        {{ state | reject('in', ['known_from', 'fault']) | join(separator) }}
    from chained
    where not is_repeat
    {%- if not is_incremental() %}

    union all

    select
        {{ described | join(separator) }},
        natural_from as known_from,
        case when fault is null then cast('9999-12-31' as timestamp) end as known_to,
        natural_from as first_recorded_at,
        split_part(fault, ':', 1) as quarantine_reason,
        split_part(fault, ':', 2) as quarantine_column,
        content_hash,
        raw_row,
        false as is_absence,
        cast(null as date) as revived_on,
        extract_date as first_extract_date,
        last_seen,
        cast(null as timestamp) as repeated_until,
        counted_rows as delivered_rows
    from dated
    where is_alone
    {%- endif %}
),
{%- endmacro %}
