with digits as (
    select digit
    from (values (0), (1), (2), (3), (4), (5), (6), (7), (8), (9)) as digits (digit)
)

select
    cast(
        ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit
        as integer
    ) as n
from digits as ones
cross join digits as tens
cross join digits as hundreds
cross join digits as thousands
