-- The ids under which records of a merged customer still stand, as known at each closing.
select
    months.month_start as booking_month,
    merged.customer_id as record_customer_id,
    {{ surviving_customer('merged.customer_id') }} as customer_id
from {{ ref('int_core__booking_months') }} as months
inner join {{ ref('int_core__customer_merges') }} as merged
    on {{ known_at('merged', 'months.knowledge_at') }}
{{ join_surviving_customer('merged.customer_id', 'months.knowledge_at') }}
