select
    rep_id,
    name,
    role,
    country,
    calendar_id,
    fte,
    hire_date,
    leave_date,
    is_employed,
    team_id,
    region_id
from {{ ref('dim_reps') }}
