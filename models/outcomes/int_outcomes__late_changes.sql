-- Where tonight's late rows differ from the base's: dates of the past whose figures by event date
-- change tonight. Where months are rebuilt that were closed at the base, nothing is left to compare
-- with, and every date counts as changed.
with context as (
    select * from {{ ref('int_core__context') }}
),

rebuild as (
    select * from {{ ref('int_core__rebuild') }}
),

late_rows as (
    select * from {{ ref('int_outcomes__late_rows') }}
),

tonight as (
    select
        {{ late_columns('late_rows') }}
    from late_rows
    inner join context on late_rows.as_of = context.as_of and not context.is_full
),

base as (
    select
        {{ late_columns('late_rows') }}
    from late_rows
    inner join context on late_rows.as_of = context.base_as_of and not context.is_full
    inner join rebuild on late_rows.booking_month >= rebuild.rebuild_from
),

differing as (
    select
        budget_type_id,
        event_piece
    from (
        select * from tonight
        except
        select * from base
    ) as came

    union

    select
        budget_type_id,
        event_piece
    from (
        select * from base
        except
        select * from tonight
    ) as went
),

reopened as (
    select rebuild.rebuild_from
    from rebuild
    cross join context
    inner join {{ ref('int_core__booking_months') }} as months
        on
            rebuild.rebuild_from <= months.month_start
            and {{ local_midnight_utc('context.base_as_of') }} >= months.closes_at
    where not context.is_full
    group by rebuild.rebuild_from
),

pieces as (
    select distinct piece_start from {{ ref('int_core__date_pieces') }}
)

select
    budget_type_id,
    event_piece
from differing

union

select
    registry.budget_type_id,
    pieces.piece_start as event_piece
from reopened
cross join {{ ref('budget_type_registry') }} as registry
cross join pieces
