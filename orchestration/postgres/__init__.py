"""Postgres as the engine of a night: the server, the build database, and the way in and out.

``server`` finds or starts the server, ``load`` makes the build database and fills its schema
``raw`` from the build file, ``results`` brings what dbt has built back into the build file, from
where the publication goes on as on DuckDB.
"""
