"""Ingest: from files in the landing to raw Parquet, with every delivered row accounted for.

``landing`` finds what was delivered, ``spool`` and ``readers`` turn a file into raw rows and
rejects, ``ledger`` remembers each file, ``load`` brings them together, and ``contract`` says which
rules of the landing contract are broken as of a day.
"""

from orchestration.ingest.contract import Problem, delivery_problems, ledger_hash
from orchestration.ingest.landing import DeliveryState, delivery_state
from orchestration.ingest.ledger import LedgerRow, read_ledger
from orchestration.ingest.load import IngestResult, ingest_all, ingest_entity

__all__ = [
    "DeliveryState",
    "IngestResult",
    "LedgerRow",
    "Problem",
    "delivery_problems",
    "delivery_state",
    "ingest_all",
    "ingest_entity",
    "ledger_hash",
    "read_ledger",
]
