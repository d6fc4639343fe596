"""A request's fields, whatever it carries them in: query string, multipart form or JSON. Pure."""

import json
import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from search_api.problems import Problem

Fields = dict[str, list[Any]]
"""Each field's values in the order given; the file field `image` holds bytes."""

MAX_FIELDS = 100

# Whoever sends a bad form is told so; the log is not theirs to fill.
logging.getLogger("python_multipart").setLevel(logging.ERROR)

REPEATABLE = frozenset({"bucket", "format", "user_key", "views"})
"""Parameters that may be given several times, or as a list in JSON."""


def malformed(detail: str) -> Problem:
    """Make the 400 that says what is wrong."""
    return Problem(HTTPStatus.BAD_REQUEST, detail)


def from_query(query: bytes) -> Fields:
    """Read a query string; an empty value is as if it were not there.

    Bytes that are not UTF-8 are kept, as surrogates.
    """
    try:
        pairs = parse_qsl(
            query.decode("latin-1"),
            errors="surrogateescape",
            max_num_fields=MAX_FIELDS,
        )
    except ValueError:
        raise malformed("the query string has too many fields") from None
    return _gather(pairs)


def from_multipart(body: bytes, content_type: str) -> Fields:
    """Read a multipart form that is wholly in memory.

    Raises:
        Problem: 400, it is no complete multipart form.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise malformed("the multipart form names no boundary")
    form = _Form()
    try:
        parser = MultipartParser(boundary, form.callbacks())
        parser.write(body)
        parser.finalize()
    except FormParserError:
        raise malformed("the multipart form is malformed") from None
    if not form.whole:
        raise malformed("the multipart form ends early")
    return _gather(form.fields)


def from_json(body: bytes) -> Fields:
    """Read a JSON object; a list's members are a repeated field.

    Raises:
        Problem: 400, it is no JSON object with each name once.
    """
    try:
        found = json.loads(body, object_pairs_hook=_each_name_once)
    except (ValueError, RecursionError):
        raise malformed("the body is no JSON object with each name once") from None
    if not isinstance(found, dict):
        raise malformed("the body is no JSON object")
    return {
        name: value if name in REPEATABLE and isinstance(value, list) else [value]
        for name, value in found.items()
        if value is not None
    }


def _gather(pairs: Iterable[tuple[str, Any]]) -> Fields:
    fields: Fields = {}
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name stands twice")
    return found


class _Form:
    """Collects what the parser reports."""

    def __init__(self) -> None:
        self.fields: list[tuple[str, bytes | str]] = []
        self.whole = False
        self._parts = 0
        self._header = b""
        self._disposition = b""
        self._data: list[bytes] = []

    def callbacks(self) -> Any:  # noqa: ANN401 - the parser's own TypedDict
        """Name what the parser calls."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._name,
            "on_header_value": self._value,
            "on_part_data": self._take,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        self._parts += 1
        if self._parts > MAX_FIELDS:
            raise malformed("the form has too many fields")
        self._disposition, self._data = b"", []

    def _name(self, data: bytes, start: int, end: int) -> None:
        self._header = data[start:end].lower()

    def _value(self, data: bytes, start: int, end: int) -> None:
        if self._header == b"content-disposition":
            self._disposition = data[start:end]

    def _take(self, data: bytes, start: int, end: int) -> None:
        self._data.append(data[start:end])

    def _end_part(self) -> None:
        options = parse_options_header(self._disposition)[1]
        name = options.get(b"name", b"").decode("utf-8", "replace")
        data = self._data[0] if len(self._data) == 1 else b"".join(self._data)
        if name == "image":
            # A browser sends an empty, nameless file when none was chosen.
            if data or options.get(b"filename"):
                self.fields.append((name, data))
        elif data:
            self.fields.append((name, data.decode("utf-8", "replace")))

    def _end(self) -> None:
        self.whole = True
