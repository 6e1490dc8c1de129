"""Every budget type of the oracle: id → ``components(world)``.

Modules ``types_*.py`` beside this one hold the types of some families each, as a dict ``TYPES``.
A type is one function from a :class:`~tests.oracle.world.World` to its components, with the
definition in its docstring.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from tests.oracle.components import Component
from tests.oracle.world import World

TypeOfOracle = Callable[[World], list[Component]]


def load_types() -> dict[str, TypeOfOracle]:
    """All types of all modules; two modules with the same type are an error."""
    types: dict[str, TypeOfOracle] = {}
    for path in sorted(Path(__file__).parent.glob("types_*.py")):
        offered = import_module(f"tests.oracle.{path.stem}").TYPES
        twice = types.keys() & offered.keys()
        assert not twice, f"{path.stem} repeats {sorted(twice)}"
        types |= offered
    return types
