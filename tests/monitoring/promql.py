"""What an expression of PromQL names: metrics, their labels, and the labels it groups by."""

import re
from dataclasses import dataclass

_STRING = r'"(?:[^"\\]|\\.)*"'
_SELECTOR = re.compile(rf"(?<![\w:])([a-zA-Z_:][\w:]*)\s*(?:\{{((?:[^}}\"]|{_STRING})*)\}})?")
_MATCHER = re.compile(rf"(\w+)\s*(=~|!~|!=|=)\s*({_STRING})")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
_WORDS = {"and", "or", "unless", "offset", "bool"}


@dataclass(frozen=True)
class Selector:
    """One place where an expression takes series from.

    Attributes:
        metric: the name of the series.
        labels: those that it asks to be so or so.
        text: as it stands there.
    """

    metric: str
    labels: frozenset[str]
    text: str


def groups_by(expression: str) -> set[str]:
    """Name the labels that an expression groups or joins by."""
    lists = _GROUPING.findall(expression)
    return {label.strip() for each in lists for label in each.split(",") if label.strip()}


def selectors(expression: str) -> list[Selector]:
    """Find all places where an expression takes series from."""
    bare = re.sub(r"\[[^]]*\]", "", _GROUPING.sub("", expression))
    found = []
    for match in _SELECTOR.finditer(bare):
        calls = bare[match.end() :].lstrip().startswith("(")
        if match[1] in _WORDS or calls or _in_string(bare, match.start()):
            continue
        labels = frozenset(name for name, _, _ in _MATCHER.findall(match[2] or ""))
        found.append(Selector(match[1], labels, match[0].strip()))
    return found


def _in_string(text: str, at: int) -> bool:
    return any(m.start() < at < m.end() for m in re.finditer(_STRING, text))
