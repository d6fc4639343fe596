"""`python -m seenit.documentation`: writes docs/configuration.md from the settings."""

from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from shared.settings import GROUPS, PREFIX

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"

HEAD = """# Configuration

Seenit reads `SEENIT_*` from the environment and from a file `.env` in the working directory; the
environment goes first, and what the command line says goes before both. A name that is not on this
page, or a value that cannot be, ends the start with exit code 2 and names the setting.

This page is generated from `shared/settings/` by `make docs`.
"""


def page() -> str:
    """Write the page: a table a group."""
    tables = [_table(group.title, group.model_fields) for group in GROUPS]
    return "\n".join([HEAD, *(line for table in tables for line in table)])


def _table(title: str, fields: dict[str, FieldInfo]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "| setting | type | default | what it is |"
    yield "|---|---|---|---|"
    for name, field in fields.items():
        cells = (
            f"`{PREFIX}{name.upper()}`",
            _type(field),
            _default(field),
            field.description or "",
        )
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
    yield ""


def _type(field: FieldInfo) -> str:
    """Say what a value looks like, in words and with its bounds."""
    least = [f"from {_number(m.ge)}" for m in field.metadata if isinstance(m, Ge)]
    least += [f"above {_number(m.gt)}" for m in field.metadata if isinstance(m, Gt)]
    most = [f"to {_number(m.le)}" for m in field.metadata if isinstance(m, Le)]
    return " ".join([_word(field.annotation), *least, *most])


def _word(annotation: Any) -> str:  # noqa: ANN401 - a type
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " or ".join(f"`{value}`" for value in args)
    if origin in {Union, UnionType}:
        return " or ".join(_word(arg) for arg in args if arg is not NoneType)
    if origin is tuple:
        return "list"
    return {str: "text", SecretStr: "secret", Path: "path", int: "integer", float: "number"}[
        annotation
    ]


def _default(field: FieldInfo) -> str:
    value = field.default
    if isinstance(value, tuple):
        value = ",".join(value)
    if value is None or not str(value):
        return ""
    return f"`{value}`" if isinstance(value, str | Path) else f"`{_number(value)}`"


def _number(value: Any) -> str:  # noqa: ANN401 - a bound of any numeric type
    return str(value) if isinstance(value, int) else f"{value:g}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
