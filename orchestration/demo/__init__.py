"""The demo company: a deterministic stand-in for a CRM and an ERP.

A Nordic company with a grocery field force and account managers for companies. Everything it ever
delivers is a pure function of (seed, scale, day): see ``generator.py``.
"""

from orchestration.demo.defects import DEFECTS, Defect
from orchestration.demo.generator import (
    FIRST_DELIVERY,
    HORIZON,
    DemoError,
    ensure_deliveries,
    write_delivery,
)

__all__ = [
    "DEFECTS",
    "FIRST_DELIVERY",
    "HORIZON",
    "Defect",
    "DemoError",
    "ensure_deliveries",
    "write_delivery",
]
