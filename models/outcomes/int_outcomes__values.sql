{{ config(materialized="incremental", pre_hook="{{ forget_touched_periods() }}") }}

select * from {{ ref('int_outcomes__valued_parts') }}

union all

select * from {{ ref('int_outcomes__standing_figures') }}
