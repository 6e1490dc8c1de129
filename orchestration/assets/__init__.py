"""The stages of a night as Dagster assets: raw, build file, dbt, release, gate, publication."""
