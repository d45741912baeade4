"""The schema of GitLab's secret detection report, version 15.0, as far as imgscan writes it.

GitLab's own schema is on no package registry, so this one is written from its documentation ("Security scanner
integration", "Report") and holds what GitLab rejects a report for: every required field, type, pattern and limit of
the root, the scan, the vulnerabilities and their locations. It is stricter in one thing: fields that are not named
here are errors, so a misspelt one is seen.
"""

from __future__ import annotations

from typing import Any


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }


_WORD = {"type": "string", "minLength": 1}
_WEB = {"type": "string", "pattern": "^https?://.+"}
# ISO 8601 in UTC, to the second, without a zone.
_TIME = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$"}
_LINE = {"type": "number", "minimum": 1}

_TOOL = _object(
    {"id": _WORD, "name": _WORD, "version": _WORD, "vendor": _object({"name": _WORD})},
    {"url": _WEB},
)

_IDENTIFIER = _object({"type": _WORD, "name": _WORD, "value": _WORD}, {"url": _WEB})

_SCAN = _object(
    {
        "analyzer": _TOOL,
        "scanner": _TOOL,
        "type": {"const": "secret_detection"},
        "start_time": _TIME,
        "end_time": _TIME,
        "status": {"enum": ["success", "failure"]},
    },
    {
        "messages": {
            "type": "array",
            "items": _object({"level": {"enum": ["info", "warn", "fatal"]}, "value": _WORD}),
        },
        "primary_identifiers": {"type": "array", "items": _IDENTIFIER},
    },
)

_LOCATION = _object(
    {"commit": _object({"sha": _WORD}, {"author": _WORD, "date": _WORD, "message": _WORD})},
    {"file": {"type": "string"}, "start_line": _LINE, "end_line": _LINE},
)

_VULNERABILITY = _object(
    {
        "id": _WORD,
        "identifiers": {"type": "array", "minItems": 1, "maxItems": 20, "items": _IDENTIFIER},
        "location": _LOCATION,
    },
    {
        "name": {"type": "string", "maxLength": 255},
        "description": {"type": "string", "maxLength": 1_048_576},
        "severity": {"enum": ["Info", "Unknown", "Low", "Medium", "High", "Critical"]},
        "solution": {"type": "string", "maxLength": 7000},
        "links": {"type": "array", "items": _object({"url": _WEB}, {"name": {"type": "string"}})},
        "raw_source_code_extract": {"type": "string"},
        # Of version 14, no longer described, still allowed.
        "category": {"const": "secret_detection"},
        "message": {"type": "string", "maxLength": 255},
    },
)

SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    **_object(
        {
            "version": {"type": "string", "pattern": r"^15\.\d+\.\d+$"},
            "scan": _SCAN,
            "vulnerabilities": {"type": "array", "items": _VULNERABILITY},
        },
        {"schema": _WEB},
    ),
}
