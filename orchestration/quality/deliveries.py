"""What is wrong with a delivery, in one plain sentence per kind, in both languages.

Ingest says it in detail, with path and rows; a manager needs to know which source did what, and
what was done about it.
"""

from __future__ import annotations

_OTHER = {
    "en": "A file of {entity} from {source} could not be used as it came; the last good extract "
    "stands in.",
    "sv": "En fil med {entity} från {source} gick inte att använda; det senaste felfria extraktet "
    "används i stället.",
}
"""For files that are broken in one way or another; the detail says in which."""

_KINDS = {
    "missing": {
        "en": "{source} has not delivered {entity} for this night; older rows are used.",
        "sv": "{source} har inte levererat {entity} till natten; äldre rader används.",
    },
    "empty_full": {
        "en": "{source} delivered an empty list of all {entity}; the last good one is used.",
        "sv": "{source} levererade en tom lista över alla {entity}; den senaste felfria används.",
    },
    "rows_rejected": {
        "en": "Some rows of {entity} from {source} could not be read and are left out.",
        "sv": "En del rader med {entity} från {source} gick inte att läsa och är inte med.",
    },
    "never_delivered": {
        "en": "{source} has never delivered {entity}; figures that need them have no value.",
        "sv": "{source} har aldrig levererat {entity}; siffror som kräver dem saknar värde.",
    },
    "nothing_delivered": {
        "en": "Nothing has been delivered at all.",
        "sv": "Ingenting har levererats.",
    },
    "stray_folder": {
        "en": "A folder from {source} has a name that nothing reads, and was left out.",
        "sv": "En mapp från {source} har ett namn som inget läser, och lämnades utanför.",
    },
}


def in_words(code: str, source: str, entity: str, language: str) -> str:
    """The sentence for a problem with a delivery; ``code`` is ingest's."""
    template = _KINDS.get(code, _OTHER)[language]
    return template.format(source=source.upper(), entity=entity.replace("_", " "))
