"""dbt's seeds, models and data tests as assets and checks: one op, one dbt process per night."""

import itertools
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCliResource,
    DbtProject,
    dbt_assets,
)
from dagster_dbt.errors import DagsterDbtCliRuntimeError
from packaging.version import Version

from orchestration.assets.build import open_build, read_plan, remember_child
from orchestration.assets.night import BACKFILL_POLICY, POOL, Night, environment, in_words
from orchestration.manifest import DBT_EXECUTABLE, expected_nodes, is_current, parsed_folder
from orchestration.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from orchestration.postgres.night import PostgresBuild

STOP_SECONDS = 20
SAVED_PARSE = "partial_parse.msgpack"
QUARANTINE = ("marts", "quarantine")
FAILED = ("error", "fail", "runtime error", "skipped")


# With the event of each table Dagster walks all outputs of its op, and makes the set of all keys
# anew for each of them: seven CPU seconds a night for a set that never changes.
_KEYS = cached_property(dg.AssetsDefinition.asset_and_check_keys.fget)
_KEYS.__set_name__(dg.AssetsDefinition, "asset_and_check_keys")
dg.AssetsDefinition.asset_and_check_keys = _KEYS


class DbtStageError(RuntimeError):
    """dbt failed or ran less than it should; the text is the sentence for the reader."""


class LayerTranslator(DagsterDbtTranslator):
    """Asset keys are table names, groups are layers, raw sources are the ingest assets.

    Sources of dbt that are not entities (the run's context, the ledger, the frozen history) are
    views that the build file brings along, so they map to the asset ``build_file``.
    """

    def __init__(self, entities: frozenset[str]) -> None:
        super().__init__(
            settings=DagsterDbtTranslatorSettings(
                enable_duplicate_source_asset_keys=True,
                enable_code_references=True,
            )
        )
        self._entities = entities

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """``raw/<entity>`` for what was delivered, else the table's name."""
        name = dbt_resource_props["name"]
        if dbt_resource_props["resource_type"] != "source":
            return dg.AssetKey(name)
        entity = name.removesuffix("__delta")
        return dg.AssetKey(["raw", entity] if entity in self._entities else "build_file")

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The layer: the first folder below models/, or ``seeds``."""
        if dbt_resource_props["resource_type"] == "seed":
            return "seeds"
        return dbt_resource_props["fqn"][1]

    def get_tags(self, dbt_resource_props: Mapping[str, Any]) -> Mapping[str, str]:
        """No tags from dbt: the graph is read by group."""
        return {}

    def get_automation_condition(self, dbt_resource_props: Mapping[str, Any]) -> None:
        """Nothing runs by itself: the night is one job."""
        return None

    def get_asset_check_spec(
        self,
        asset_spec: dg.AssetSpec,
        manifest: Mapping[str, Any],
        unique_id: str,
        project: DbtProject | None,
    ) -> dg.AssetCheckSpec | None:
        """The data test as a check that says in words what it asks for."""
        spec = super().get_asset_check_spec(asset_spec, manifest, unique_id, project)
        return spec and spec._replace(description=data_test_in_words(manifest["nodes"][unique_id]))


def data_test_in_words(test: Mapping[str, Any]) -> str:
    """Return what a data test asks for: of a generic one from its arguments, of one in a file of
    its own the comment that it begins with."""
    asked = test.get("test_metadata") or {}
    given = asked.get("kwargs", {})
    column = given.get("column_name")
    match asked.get("name"):
        case "sound_rows":
            asks = []
            if "key" in given:
                asks.append(f"No two rows have the same {', '.join(given['key'])}.")
            if "filled" in given:
                asks.append(f"Every row has a value in {', '.join(given['filled'])}.")
            for name, listed in given.get("values", {}).items():
                asks.append(f"{name} is one of {', '.join(map(str, listed))}.")
            return " ".join(asks)
        case "not_null":
            return f"Every row has a value in {column}."
        case "unique":
            return f"No value of {column} is there twice."
        case "relationships":
            return f"Every {column} is a {given['field']} of {given['to'].split(chr(39))[1]}."
    lines = test["raw_code"].strip().splitlines()
    comment = itertools.takewhile(lambda line: line.startswith("--"), lines)
    return " ".join(line.removeprefix("--").strip() for line in comment) or test["name"]


def dbt_arguments(*, is_full: bool, loads_seeds: bool = True) -> list[str]:
    """Return dbt's arguments for a night.

    Unit tests are left out by resource type: an ``exclude`` of the asset selection does not keep
    ``dbt build`` from running them when everything is selected.
    """
    arguments = ["build", "--exclude-resource-type", "unit_test"]
    if not loads_seeds:
        arguments += ["--exclude-resource-type", "seed"]
    return [*arguments, "--full-refresh"] if is_full else arguments


def must_load_seeds(plan: Any, nodes: Mapping[str, Any]) -> bool:
    """Return whether the build file lacks a seed as it is now: a copy of the base holds the base's.

    ``plan`` is the night's ``BuildPlan`` and ``nodes`` the manifest's.
    """
    seeds = {node["name"] for node in nodes.values() if node["resource_type"] == "seed"}
    return plan.is_full or not seeds.isdisjoint(plan.rebuilt)


def count_results(results: list[dict[str, Any]]) -> dict[str, int]:
    """Return how many models, seeds and data tests dbt reports as run, from run_results.json."""
    counts = {"model": 0, "seed": 0, "test": 0}
    for result in results:
        kind = result["unique_id"].split(".", 1)[0]
        if kind in counts and result["status"] not in FAILED:
            counts[kind] += 1
    return counts


def not_run(expected: set[str], results: list[dict[str, Any]]) -> list[str]:
    """Return the names of expected nodes without a result, sorted; dbt exits 0 in that case."""
    ran = {result["unique_id"] for result in results if result["status"] != "skipped"}
    return sorted(unique_id.split(".")[2] for unique_id in expected - ran)


def failure_in_words(
    results: list[dict[str, Any]],
    nodes: Mapping[str, Any],
    problems_of: Callable[[str], list[tuple[str, int]]] = lambda _: [],
) -> str | None:
    """Return one sentence about the first failed models and data tests, or None where none failed.

    ``nodes`` is the manifest's. A data test names the table it belongs to and the rows it found;
    of a ``sound_rows``, ``problems_of`` tells from its SQL what is wrong with how many of them.
    """
    said: list[str] = []
    for result in results:
        if result["status"] not in ("error", "fail", "runtime error"):
            continue
        node = nodes.get(result["unique_id"], {})
        message = " ".join((result.get("message") or "").split()).split(" | ")[0]
        if node.get("resource_type") == "test":
            table = (node.get("attached_node") or "").split(".")[-1] or "several tables"
            rows = result.get("failures")
            if not rows:
                said.append(f"the data test {node['name']} on {table} could not run ({message})")
                continue
            is_told = (node.get("test_metadata") or {}).get("name") == "sound_rows"
            problems = problems_of(result["compiled_code"]) if is_told and len(said) < 3 else []
            told = ", ".join(f"{problem}: {count}" for problem, count in problems)
            said.append(
                f"the data test {node['name']} on {table} found {rows} rows"
                + (f" ({told})" if told else "")
            )
        else:
            where = node.get("original_file_path", result["unique_id"])
            said.append(f"{where} could not be built ({message[:400]})")
    if not said:
        return None
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    return (
        "dbt stopped the night: "
        + "; ".join(said[:3])
        + more
        + ". Nothing was published and the last publication stands; correct the model or the "
        "delivered rows and run the same S again."
    )


def problems_in(build_file: Path) -> Callable[[str], list[tuple[str, int]]]:
    """Return what counts the problems that a ``sound_rows``'s SQL finds in a closed build file,
    the most frequent three first."""
    import duckdb

    def problems_of(compiled: str) -> list[tuple[str, int]]:
        with duckdb.connect(str(build_file), read_only=True) as connection:
            return connection.execute(
                f"select problem, count(*) from ({compiled}) group by 1 order by 2 desc, 1 limit 3"
            ).fetchall()

    return problems_of


def as_rule_results(results: list[dict[str, Any]], nodes: Mapping[str, Any]) -> list[Any]:
    """Return dbt's failures as the gate's ``RuleResult``s, which the quality report shows."""
    from orchestration.quality.judge import RuleResult

    found = []
    for result in results:
        if result["status"] not in ("error", "fail", "runtime error"):
            continue
        node = nodes.get(result["unique_id"], {})
        name = node.get("name", result["unique_id"])
        table = (node.get("attached_node") or result["unique_id"]).split(".")[2]
        is_test = node.get("resource_type") == "test" and result["status"] == "fail"
        found.append(
            RuleResult(
                rule_id=f"dbt:{name}",
                table=table,
                severity="critical",
                owner="data-platform",
                source="dbt",
                success=False,
                could_not_run=not is_test,
                checked=None,
                unexpected=result.get("failures") if is_test else None,
                amount_at_stake=None,
                text_en=f"{name} on {table} holds while the tables are built.",
                text_sv=f"{name} för {table} gäller när tabellerna byggs.",
                observed=" ".join((result.get("message") or "").split())[:500],
            )
        )
    return found


def _report_red(
    night: Night, build_file: Path, results: list[dict[str, Any]], nodes: Mapping[str, Any]
) -> None:
    from orchestration.publication.publish import publish_quality
    from orchestration.quality.judge import Verdict

    publish_quality(
        night.settings,
        Verdict(tuple(as_rule_results(results, nodes))),
        as_of=night.as_of,
        run_id=night.run_id,
        build_path=build_file,
    )


def prepare_target(settings: Settings) -> Path:
    """Return the folder of dbt's artefacts of nights, with the saved parse of the last one.

    It belongs to the home, because a saved parse holds for one connection only: a developer's dbt
    at the root or another home would spoil it, and dbt would parse every model again. Artefacts of
    an earlier night that failed are removed.
    """
    target = settings.work / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    for left in target.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
    saved = parsed_folder() / SAVED_PARSE
    if not (target / SAVED_PARSE).exists() and saved.exists():
        shutil.copyfile(saved, target / SAVED_PARSE)
    return target


def build_dbt_assets(
    manifest: Mapping[str, Any],
    entities: frozenset[str],
    partitions: dg.PartitionsDefinition,
) -> dg.AssetsDefinition:
    """Return the asset definition of the whole dbt project, from its parsed manifest."""

    @dbt_assets(
        manifest=manifest,
        name="dbt",
        project=DbtProject(project_dir=PROJECT_ROOT),
        dagster_dbt_translator=LayerTranslator(entities),
        partitions_def=partitions,
        backfill_policy=BACKFILL_POLICY,
        pool=POOL,
    )
    def dbt_models(
        context: dg.AssetExecutionContext, dbt: DbtCliResource, night: dg.ResourceParam[Night]
    ) -> Iterator[Any]:
        plan = night.take("build_file")
        build_file = Path(plan["path"])
        opened = open_build(night.settings, build_file)
        target = prepare_target(night.settings)
        variables = {"UTFALL_BUILD_FILE": str(opened), "DBT_TARGET_PATH": str(target)}
        with ExitStack() as stack:
            postgres = _postgres(night, build_file, opened, stack)
            if postgres:
                variables |= postgres.environment
            stack.enter_context(environment(**variables))
            loads_seeds = must_load_seeds(read_plan(build_file), manifest["nodes"])
            arguments = dbt_arguments(is_full=plan["is_full"], loads_seeds=loads_seeds)
            invocation = dbt.cli(arguments, context=context)
            remember_child(opened, invocation.process.pid)
            try:
                yield from invocation.stream()
            except DagsterDbtCliRuntimeError:
                results = _results(invocation.target_path)
                told_by = () if postgres else (problems_in(opened),)
                sentence = failure_in_words(results, manifest["nodes"], *told_by)
                if sentence is None:
                    raise
                try:
                    if postgres:
                        from orchestration.publication.release import ACCOUNT

                        postgres.bring_home([QUARANTINE, ACCOUNT], if_built=True)
                    _report_red(night, build_file, results, manifest["nodes"])
                except Exception as problem:
                    sentence += f" The quality report could not be written either ({problem})."
                raise dg.Failure(sentence, allow_retries=False) from None
            except KeyError:
                if is_current():
                    raise
                raise dg.Failure(
                    "The models were changed while the night was running, so it was stopped and "
                    "nothing was published; run the same S again.",
                    allow_retries=False,
                ) from None
            finally:
                # The lock is freed when the run ends, so dbt must not outlive it.
                _stop(invocation.process)
            if postgres:
                with in_words():
                    postgres.bring_home(_read_later(manifest))
        results = _results(invocation.target_path)
        with in_words():
            if opened.with_name(opened.name + ".wal").exists():
                raise DbtStageError(
                    f"dbt ended without closing {build_file.name} (a write-ahead log is left "
                    "beside it), so the file is not used; run the same S again."
                )
            if not context.is_subset:
                expected = expected_nodes(manifest, with_seeds=loads_seeds)
                missing = not_run(expected, results)
                if missing:
                    raise DbtStageError(
                        f"dbt ran {len(results)} models, seeds and data tests and left out "
                        f"{len(missing)} that belong to the night ({', '.join(missing[:5])}), so "
                        "nothing was published; remove the folder target/, so that the project "
                        "is parsed again, and run the same S again."
                    )
        night.leave("dbt", **count_results(results))
        (invocation.target_path / SAVED_PARSE).replace(target / SAVED_PARSE)
        shutil.rmtree(invocation.target_path)

    return dbt_models


def _postgres(
    night: Night, build_file: Path, opened: Path, stack: ExitStack
) -> "PostgresBuild | None":
    """The night's database in Postgres with its raw rows, until ``stack`` ends; None on DuckDB."""
    if night.settings.target != "postgres":
        return None
    from orchestration.postgres.night import postgres_build

    with in_words():
        return stack.enter_context(postgres_build(night.settings, opened, read_plan(build_file)))


def _read_later(manifest: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Schema and name of every table that the stages after dbt read in the build file."""
    from orchestration.publication.export import MARTS_SCHEMA, marts_of
    from orchestration.publication.release import ACCOUNT
    from orchestration.publication.unchanged import READS

    return [*((MARTS_SCHEMA, name) for name in marts_of(manifest)), ACCOUNT, *READS]


def _stop(process: subprocess.Popen) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _results(target: Path) -> list[dict[str, Any]]:
    path = target / "run_results.json"
    return json.loads(path.read_text())["results"] if path.is_file() else []


class LockedDbt(DbtCliResource):
    """The dbt command line, whose version is the installed package's.

    dagster-dbt would start ``dbt --version`` in each run to learn it: 4 CPU seconds for a number
    that requirements.lock fixes. Should it ask in another way one day, it only does that again.
    """

    @cached_property
    def _cli_version(self) -> Version:
        return Version(metadata.version("dbt-core"))


def dbt_resource() -> DbtCliResource:
    """Return the dbt command line of this environment, pointed at the repository root."""
    return LockedDbt(
        project_dir=str(PROJECT_ROOT),
        profiles_dir=str(PROJECT_ROOT),
        dbt_executable=str(DBT_EXECUTABLE),
    )
