{{ config(materialized="incremental", pre_hook="{{ forget_changed_customers() }}") }}

with months as (
    select * from {{ ref('int_core__booking_months') }}
),

bounds as (
    select
        min(month_start) as first_month,
        max(month_start) as last_month
    from months
),

merge_links as (
    select * from {{ ref('int_core__customer_merges') }}
),

contract_versions as (
    select
        contract_id,
        customer_id,
        signed_at,
        ends_on,
        known_from,
        known_to,
        lag(known_to) over (partition by contract_id order by known_from) as known_to_before,
        lag(customer_id) over (partition by contract_id order by known_from) as customer_before,
        lag(signed_at) over (partition by contract_id order by known_from) as signed_before,
        lag(ends_on) over (partition by contract_id order by known_from) as ended_before,
        lead(known_from) over (partition by contract_id order by known_from) as known_from_after,
        lead(customer_id) over (partition by contract_id order by known_from) as customer_after,
        lead(signed_at) over (partition by contract_id order by known_from) as signed_after
    from {{ ref('int_core__contract_versions') }}
),

signings as (
    select distinct
        contract_id,
        customer_id,
        signed_at
    from contract_versions
),

line_versions as (
    select
        contract_id,
        product_category,
        is_deleted,
        known_from,
        row_number() over (partition by contract_line_id order by known_from) as version_no,
        lag(contract_id) over (partition by contract_line_id order by known_from)
            as contract_before,
        lag(product_category) over (partition by contract_line_id order by known_from)
            as category_before,
        lag(is_deleted) over (partition by contract_line_id order by known_from) as was_deleted
    from {{ ref('stg_canonical__contract_lines') }}
),

-- A line that names no category has that of its product, from when on it is known.
product_versions as (
    select
        product_id,
        product_category,
        known_from,
        lag(product_category) over (partition by product_id order by known_from)
            as category_before
    from {{ ref('stg_canonical__products') }}
),

uncategorised as (
    select distinct
        contract_id,
        product_id
    from {{ ref('stg_canonical__contract_lines') }}
    where product_category is null
),

statements as (
    select
        customer_id,
        known_from,
        told_on,
        lost_at,
        is_internal,
        lag(told_on) over (partition by customer_id order by known_from) as told_before,
        lag(lost_at) over (partition by customer_id order by known_from) as lost_before,
        lag(is_internal) over (partition by customer_id order by known_from) as was_internal
    from {{ ref('int_core__customer_statements') }}
),

merge_versions as (
    select
        customer_id,
        merged_into_id,
        known_from,
        known_to,
        lag(known_to) over (partition by customer_id order by known_from) as known_to_before,
        lag(merged_into_id) over (partition by customer_id order by known_from) as target_before,
        lead(known_from) over (partition by customer_id order by known_from) as known_from_after,
        lead(merged_into_id) over (partition by customer_id order by known_from) as target_after
    from merge_links
),

-- What became known at a moment, and from which day on it can change what happened when.
changes as (
    select
        customer_id,
        known_from as moment,
        signed_at as affected_from
    from contract_versions
    where
        known_to_before is distinct from known_from
        or customer_before <> customer_id
        or signed_before <> signed_at

    union all

    select
        customer_id,
        known_to as moment,
        signed_at as affected_from
    from contract_versions
    where
        known_from_after is distinct from known_to
        or customer_after <> customer_id
        or signed_after <> signed_at

    union all

    select
        customer_id,
        known_from as moment,
        least(ends_on, ended_before) as affected_from
    from contract_versions
    where ends_on <> ended_before

    union all

    select
        signings.customer_id,
        line_versions.known_from as moment,
        signings.signed_at as affected_from
    from line_versions
    inner join signings on line_versions.contract_id = signings.contract_id
    where
        line_versions.version_no = 1
        or line_versions.contract_id is distinct from line_versions.contract_before
        or line_versions.product_category is distinct from line_versions.category_before
        or line_versions.is_deleted <> line_versions.was_deleted

    union all

    select
        signings.customer_id,
        product_versions.known_from as moment,
        signings.signed_at as affected_from
    from uncategorised
    inner join signings on uncategorised.contract_id = signings.contract_id
    inner join product_versions on uncategorised.product_id = product_versions.product_id
    where product_versions.product_category is distinct from product_versions.category_before

    union all

    select
        customer_id,
        known_from as moment,
        least(coalesce(told_on, told_before), coalesce(told_before, told_on)) as affected_from
    from statements
    where told_on is distinct from told_before

    union all

    select
        customer_id,
        known_from as moment,
        least(coalesce(lost_at, lost_before), coalesce(lost_before, lost_at)) as affected_from
    from statements
    where lost_at is distinct from lost_before

    union all

    select
        customer_id,
        known_from as moment,
        cast('1900-01-01' as date) as affected_from
    from statements
    where is_internal <> coalesce(was_internal, false)

    union all

    select
        customer_id,
        known_from as moment,
        cast('1900-01-01' as date) as affected_from
    from merge_versions
    where known_to_before is distinct from known_from or target_before <> merged_into_id

    union all

    select
        customer_id,
        known_to as moment,
        cast('1900-01-01' as date) as affected_from
    from merge_versions
    where known_from_after is distinct from known_to or target_after <> merged_into_id
),

-- The months in which the past of a customer turned out to be another one.
revisions as (
    select distinct
        changes.customer_id,
        months.month_start as revised_in,
        months.opens_at,
        months.knowledge_at
    from changes
    inner join months
        on
            changes.moment >= months.opens_at
            and changes.moment < months.knowledge_at
            and changes.affected_from < months.month_start

    union

    select distinct
        invoice_days.customer_id,
        months.month_start as revised_in,
        months.opens_at,
        months.knowledge_at
    from {{ ref('int_core__invoice_days') }} as invoice_days
    inner join months on invoice_days.booking_month = months.month_start
    where invoice_days.invoice_date < invoice_days.booking_month
),

revised as (
    select
        customer_id,
        revised_in
    from revisions

    union

    select
        {{ surviving_customer('revisions.customer_id') }} as customer_id,
        revisions.revised_in
    from revisions
    {{ join_surviving_customer('revisions.customer_id', 'revisions.knowledge_at') }}

    union

    select
        {{ surviving_customer('revisions.customer_id') }} as customer_id,
        revisions.revised_in
    from revisions
    {{ join_surviving_customer('revisions.customer_id', 'revisions.opens_at') }}
),

customers as (
    select customer_id
    from {{ ref('int_core__invoice_days') }}
    where {{ is_changed_customer('customer_id') }}

    union

    select customer_id
    from signings
    where {{ is_changed_customer('customer_id') }}

    union

    select customer_id
    from statements
    where told_on is not null and {{ is_changed_customer('customer_id') }}

    union

    select merged_into_id as customer_id
    from merge_links
    where {{ is_changed_customer('merged_into_id') }}
),

starts as (
    select
        customers.customer_id,
        bounds.first_month as version_from
    from customers
    cross join bounds

    union

    select
        revised.customer_id,
        revised.revised_in as version_from
    from revised
    inner join customers on revised.customer_id = customers.customer_id
),

ranges as (
    select
        customer_id,
        version_from,
        coalesce(
            lead(version_from) over (partition by customer_id order by version_from),
            cast('9999-12-31' as date)
        ) as version_to
    from starts
),

-- A version is seen with what was known when its last month closed.
versions as (
    select
        ranges.customer_id,
        ranges.version_from,
        ranges.version_to,
        months.month_start as seen_in,
        months.knowledge_at
    from ranges
    cross join bounds
    inner join months
        on
            months.month_start = case
                when ranges.version_to = cast('9999-12-31' as date) then bounds.last_month
                else {{ add_months('ranges.version_to', -1) }}
            end
),

-- Who may count as a customer at some time: itself, and all that ever pointed to it.
candidates as (
    select
        customer_id,
        customer_id as member_id
    from customers

    union

    select
        first_links.merged_into_id as customer_id,
        first_links.customer_id as member_id
    from merge_links as first_links

    union

    select
        second_links.merged_into_id as customer_id,
        first_links.customer_id as member_id
    from merge_links as first_links
    inner join merge_links as second_links on first_links.merged_into_id = second_links.customer_id

    union

    select
        third_links.merged_into_id as customer_id,
        first_links.customer_id as member_id
    from merge_links as first_links
    inner join merge_links as second_links on first_links.merged_into_id = second_links.customer_id
    inner join merge_links as third_links on second_links.merged_into_id = third_links.customer_id
),

members as (
    select
        versions.customer_id,
        versions.version_from,
        versions.version_to,
        versions.seen_in,
        versions.knowledge_at,
        candidates.member_id,
        {{ surviving_customer('candidates.member_id') }} as surviving_id
    from versions
    inner join candidates on versions.customer_id = candidates.customer_id
    {{ join_surviving_customer('candidates.member_id', 'versions.knowledge_at') }}
)

select
    members.customer_id,
    members.version_from,
    members.version_to,
    members.member_id,
    coalesce(statements.is_internal, false) as is_internal
from members
left join {{ ref('int_core__customer_statements') }} as statements
    on
        members.customer_id = statements.customer_id
        and {{ known_at('statements', 'members.knowledge_at') }}
where members.surviving_id = members.customer_id
