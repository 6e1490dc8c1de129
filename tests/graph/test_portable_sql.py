"""Models keep to the SQL that means the same on DuckDB, Postgres and Spark.

What engines do differently is in dispatched macros (dbt_project/macros/README.md). The text is
looked at without comments, quoted texts and Jinja, so that a model is judged by what its author
wrote; what the macros write is judged by comparing the engines' tables (tests/postgres).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from orchestration.settings import PROJECT_ROOT

FORBIDDEN = {
    r"::": "cast(x as type) instead of x::type",
    r"(?<![*/])/(?![*/])": "ratio() or int_div(): a division is a double, an integer or a numeric",
    r"//": "int_div(), which is the integer division of every engine",
    r"\bqualify\b": "row_number() in a subquery and a where instead of qualify",
    r"\bdistinct\s+on\b": "row_number() in a subquery instead of distinct on",
    r"\bgroup\s+by\s+all\b": "group by the columns or their ordinals",
    r"\border\s+by\s+all\b": "order by the columns",
    r"\bunion\s+(all\s+)?by\s+name\b": "union all of explicit columns",
    r"\*\s*(exclude|replace|except)\s*\(": "the list of columns",
    r"\b(any_value|last_day|median|first|last|arg_max|arg_min|max_by|min_by|mode)\s*\(": (
        "an aggregate of every engine, or row_number() for a picked row"
    ),
    r"\bavg\s*\(": "sum, count and ratio(): an average is a double",
    r"\b(string_agg|listagg|group_concat|array_agg|list)\s*\(": "agg_list()",
    r"\bconcat(_ws)?\s*\(": "|| with coalesce: concat treats NULL differently",
    r"\b(date_trunc|trunc)\s*\(": "trunc_date()",
    r"\b(datediff|date_diff|datesub|date_sub|dateadd|date_add|age)\s*\(": (
        "days_between(), months_between(), add_days() or add_months()"
    ),
    r"\binterval\b": "add_days() or add_months()",
    r"\bextract\s*\(\s*(dow|isodow|week|doy|epoch)\b": "iso_weekday() or int_core__dates",
    r"\b(dayofweek|isodow|weekday|strftime|strptime|to_char|to_date|make_date)\s*\(": (
        "a date macro, or a column of int_core__dates"
    ),
    r"\bat\s+time\s+zone\b": "local_date() or local_midnight_utc()",
    r"\b(current_date|current_timestamp|now|today|localtimestamp)\b(?!_)": (
        "as_of of int_core__context: models know no clock"
    ),
    r"\b(generate_series|range|unnest|explode)\s*\(": "int_core__numbers or int_core__dates",
    r"\bwith\s+recursive\b": "int_core__numbers, or a stated number of steps",
    r"\b(try_cast|safe_cast)\s*\(": "the casts of staging",
    r"\b(double|float|real|hugeint|ubigint|uinteger|money)\b": (
        "decimal(18,4), decimal(18,10), integer or bigint"
    ),
    r"\basof\s+join\b": "a join on an interval",
    r"\b(pivot|unpivot)\b": "max(case when … end)",
    r"\bilike\b": "lower() and like",
    r"\bsimilar\s+to\b|\bregexp\w*\s*\(|!?~": "like, or a column of staging",
    r"\[": "plain columns: lists are written differently everywhere",
    r"\b(struct_pack|row|map|array)\s*\(": "plain columns",
    r"\b(random|rand|uuid|gen_random_uuid)\s*\(": "hash_key() of the row's key",
}
"""Pattern → what to write instead."""

LONGEST_NAME = 63
"""Postgres cuts longer identifiers, and a unit test's name is an identifier while it runs."""


def models() -> list[Path]:
    """Models, singular tests, and the macros that write SQL for every engine alike."""
    return sorted(
        [
            *(PROJECT_ROOT / "models").rglob("*.sql"),
            *(PROJECT_ROOT / "dbt_project" / "tests").rglob("*.sql"),
            *(PROJECT_ROOT / "dbt_project" / "macros").glob("*.sql"),
        ]
    )


def written(text: str) -> str:
    """The SQL of a model without Jinja, comments and quoted texts, in lower case, lines kept."""

    def blank(found: re.Match[str]) -> str:
        return "jinja" + "\n" * found[0].count("\n")

    text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", blank, text, flags=re.S)
    text = re.sub(r"'(?:[^']|'')*'", "''", text)
    return re.sub(r"--[^\n]*", "", text).lower()


def offences(text: str) -> list[str]:
    """What in the SQL of a model is not portable, as ``line: found; use instead``."""
    sql = written(text)
    return [
        f"{sql.count(chr(10), 0, found.start()) + 1}: {found[0]!r}; use {instead}"
        for pattern, instead in FORBIDDEN.items()
        for found in re.finditer(pattern, sql)
    ]


def test_models_are_written_in_sql_that_every_engine_reads_alike():
    found = [
        f"{path.relative_to(PROJECT_ROOT)}:{offence}"
        for path in models()
        for offence in offences(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "sql",
    [
        "select a::date from t",
        "select a / b from t",
        "select a // b from t",
        "select a from t qualify row_number() over (order by a) = 1",
        "select distinct on (a) a, b from t",
        "select a, sum(b) from t group by all",
        "select * exclude (a) from t",
        "select any_value(a) from t",
        "select avg(a) from t",
        "select string_agg(a, ',') from t",
        "select date_trunc('month', d) from t",
        "select d + interval '1 day' from t",
        "select extract(dow from d) from t",
        "select ts at time zone 'UTC' from t",
        "select current_date",
        "select * from generate_series(1, 3)",
        "with recursive r as (select 1) select * from r",
        "select try_cast(a as date) from t",
        "select cast(a as double) from t",
        "select [a, b] from t",
    ],
)
def test_what_an_engine_reads_in_its_own_way_is_found(sql):
    assert offences(sql)


def test_jinja_comments_and_texts_are_not_looked_at():
    sql = """
        -- a :: in a comment / and a qualify
        select {{ ratio('a', 'b') }} as r, 'a/b::c' as t, '{{ x }}' as u
        from t {# group by all #}
    """
    assert not offences(sql)


def test_names_are_identifiers_on_every_engine():
    names = [path.stem for path in (PROJECT_ROOT / "models").rglob("*.sql")]
    names += [path.stem for path in (PROJECT_ROOT / "seeds").rglob("*.csv")]
    for path in (PROJECT_ROOT / "models").rglob("*.yml"):
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        names += [test["name"] for test in document.get("unit_tests", [])]
    too_long = [name for name in names if len(name) > LONGEST_NAME]
    assert not too_long, f"longer than {LONGEST_NAME} characters: {too_long}"
