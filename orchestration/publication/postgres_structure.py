"""What stands in Postgres whatever is published: schemas, roles, and who is who.

Schema ``utfall_data`` holds one partitioned table per published table, and the tables here, which
say which parts belong to which publication; nobody reads it but the user that publishes. Schema
``utfall`` holds the views that people read (``postgres_views``).
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg2
from psycopg2.extensions import cursor

from orchestration.postgres.server import PostgresError

DATA, VIEWS = "utfall_data", "utfall"
READER, MANAGER, OWNER = "utfall_reader", "utfall_manager", "utfall_views"

PART = "part_id"
ORGANISATION = "org_nodes"

TABLES = f"""
    create schema if not exists {DATA};
    create schema if not exists {VIEWS};

    create table if not exists {DATA}.current_publication (
        only_row boolean primary key default true check (only_row),
        publication_id text,
        as_of date
    );
    insert into {DATA}.current_publication (only_row) values (true) on conflict do nothing;

    create sequence if not exists {DATA}.part_ids as integer;
    create table if not exists {DATA}.parts (
        part_id integer primary key,
        table_name text not null,
        content text not null,
        rows bigint not null,
        relation regclass not null,
        unique (table_name, content)
    );
    create table if not exists {DATA}.loaded_publications (
        publication_id text primary key,
        as_of date not null
    );
    create table if not exists {DATA}.publication_parts (
        publication_id text not null,
        table_name text not null,
        part_id integer not null,
        primary key (publication_id, table_name, part_id)
    );
    create table if not exists {DATA}.quality_marks (
        publication_id text not null,
        table_name text not null,
        budget_type_id text,
        rule_ids text not null,
        unique (publication_id, table_name, budget_type_id)
    );
    create table if not exists {DATA}.applied (
        name text primary key,
        statements text not null
    );
    create table if not exists {DATA}.readers (
        role_name text not null,
        node_level text not null check (node_level in ('rep', 'team', 'region', 'company')),
        node_id text not null,
        primary key (role_name, node_level, node_id)
    );

    create or replace function {DATA}.part_is_kept(part regclass) returns boolean
    language plpgsql stable cost 1000 as $$
    begin
        if pg_partition_root(part) is null then
            raise exception 'The publication that this report began with is no longer kept; '
                'begin the report again.';
        end if;
        return true;
    end
    $$;

    create or replace view {DATA}.current_parts as
    select publication_parts.table_name, publication_parts.part_id
    from {DATA}.publication_parts
    inner join {DATA}.parts on publication_parts.part_id = parts.part_id
    where
        publication_parts.publication_id
        = (select publication_id from {DATA}.current_publication)
        and {DATA}.part_is_kept(parts.relation);

    grant usage on schema {DATA} to {OWNER};
    grant usage, create on schema {VIEWS} to {OWNER};
    grant usage on schema {VIEWS} to {READER};
    grant select on {DATA}.current_publication, {DATA}.current_parts, {DATA}.quality_marks
    to {OWNER};
"""
"""The pointer, what is loaded, and who is who. ``part_is_kept`` asks the catalog as it is now and
not as it was when the report began: a part that retention has removed since is an error that a
reader sees, and not rows that are missing. It is dear so that it is asked last."""

BOOKKEEPING = frozenset(
    {
        *("current_publication", "parts", "loaded_publications", "publication_parts", "readers"),
        *("quality_marks", "applied", "current_parts", "visible_reps"),
    }
)
"""Names in ``utfall_data`` that no published table may have."""

CURRENT_PART = f"(select {PART} from {DATA}.current_parts where table_name = {{table}})"

VISIBLE_REPS = f"""
    create or replace view {DATA}.visible_reps as
    with nodes as (
        select node_level, node_id, parent_node_id
        from {DATA}.{ORGANISATION}
        where
            {PART} = {CURRENT_PART.format(table=f"'{ORGANISATION}'")}
            and valid_from <= (select as_of from {DATA}.current_publication)
            and valid_to > (select as_of from {DATA}.current_publication)
    ),

    lines as (
        select reps.node_id as rep, teams.node_id as team, regions.node_id as region,
            'company' as company
        from nodes as reps
        left join nodes as teams
            on reps.parent_node_id = teams.node_id and teams.node_level = 'team'
        left join nodes as regions
            on teams.parent_node_id = regions.node_id and regions.node_level = 'region'
        where reps.node_level = 'rep'
    )

    select lines.rep as rep_id
    from lines
    inner join {DATA}.readers on
        readers.node_id = case readers.node_level
            when 'team' then lines.team
            when 'region' then lines.region
            when 'company' then lines.company
        end
    where readers.role_name = current_user
    union
    select node_id
    from {DATA}.readers
    where node_level = 'rep' and role_name = current_user;

    grant select on {DATA}.visible_reps to {OWNER};
"""
"""The reps of who asks, by the organisation of the current publication on its S."""


def ensure_roles(run: cursor) -> None:
    """Make the roles and their memberships where they are missing.

    Raises ``PostgresError`` with the statements of an administrator where the user may not.
    """
    run.execute("select rolname from pg_roles where rolname = any(%s)", [[READER, MANAGER, OWNER]])
    found = {name for (name,) in run.fetchall()}
    run.execute(
        "select quote_ident(current_user), quote_ident(current_database()), "
        "to_regnamespace(%s) is null or to_regnamespace(%s) is null, "
        "has_database_privilege(current_database(), 'create')",
        [DATA, VIEWS],
    )
    user, database, lacks_schemas, may_create = run.fetchone()
    needed = [
        f"create role {role} nologin" for role in (READER, MANAGER, OWNER) if role not in found
    ]
    for role, member in ((READER, MANAGER), (OWNER, user)):
        run.execute(
            "select pg_has_role(member.oid, role.oid, 'member') from pg_roles as member, "
            "pg_roles as role where quote_ident(member.rolname) = %s and role.rolname = %s",
            [member, role],
        )
        if (True,) not in run.fetchall():
            needed.append(f"grant {role} to {member}")
    if lacks_schemas and not may_create:
        needed.append(f"grant create on database {database} to {user}")
        raise _asks_administrator(user, needed)
    try:
        for statement in needed:
            run.execute(statement)
    except psycopg2.errors.InsufficientPrivilege:
        raise _asks_administrator(user, needed) from None


def _asks_administrator(user: str, needed: Sequence[str]) -> PostgresError:
    return PostgresError(
        f"The Postgres user {user} may not make what readers need; let an administrator of the "
        f"server run: {'; '.join(needed)};"
    )
