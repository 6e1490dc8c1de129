with changes as (
    select * from {{ ref('int_scoring__changes') }}
)

select
    cast(change_id as varchar) as change_id,
    cast(change_type as varchar) as change_type,
    cast(subject_type as varchar) as subject_type,
    cast(subject_id as varchar) as subject_id,
    cast(rep_id as varchar) as rep_id,
    cast(changed_column as varchar) as changed_column,
    cast(old_value as varchar) as old_value,
    cast(new_value as varchar) as new_value,
    valid_from,
    recorded_at,
    cast(changed_by as varchar) as changed_by,
    cast(reason as varchar) as reason
from changes
