with invoice_totals as (
    select * from {{ ref('int_core__invoice_totals') }}
),

months as (
    select
        source_system,
        {{ trunc_date('month', 'invoice_date') }} as invoice_month,
        count(*) as invoices,
        count(net_total) as invoices_with_total,
        count(case when net_total <> lines_total then 1 end) as invoices_differing,
        sum(case when net_total is not null then company_net_total end) as net_total,
        sum(case when net_total is not null then company_lines_total end) as lines_total,
        sum(
            case when net_total <> lines_total then abs(company_net_total - company_lines_total) end
        ) as difference,
        min(case when net_total <> lines_total then invoice_id end) as example_invoice_id
    from invoice_totals
    group by source_system, {{ trunc_date('month', 'invoice_date') }}
),

final as (
    select
        source_system,
        invoice_month,
        cast(invoices as bigint) as invoices,
        cast(invoices_with_total as bigint) as invoices_with_total,
        cast(invoices_differing as bigint) as invoices_differing,
        cast(net_total as decimal(28, 4)) as net_total,
        cast(lines_total as decimal(28, 4)) as lines_total,
        cast(coalesce(difference, 0) as decimal(28, 4)) as difference,
        example_invoice_id
    from months
)

select * from final
