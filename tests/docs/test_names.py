"""Whatever the pages tell a reader to type or to look at exists."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from monitoring.panels import ROWS
from search_api.calls import CALLS
from seenit.cli import app
from tests.deployment.rules import unknown_settings
from tests.monitoring.places import ROOT, RUNBOOKS, recorded
from tests.monitoring.test_names import told

PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")),
]
LISTENERS = {
    "API:8000": {call.path for call in CALLS},
    "WORKER:8001": {"/livez", "/readyz", "/metrics", "/status"},
}
KUBERNETES_OWN = "SEENIT_API_PORT"  # of a Service, which the pages warn of
OTHERS = {"SeenitWaits"}  # quotes what Milvus, MySQL and S3 say
PROGRAMS = (
    r"-H |GET |SELECT |SEENIT_|SHOW |curl |docker |kafka-|kubectl |ls |mc |mysql|seenit |ulimit "
)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)


def typed(page: Path) -> Iterator[str]:
    """Find what is set as code, line by line, less comments."""
    found = re.findall(r"^ *```\w*\n(.*?)```|`([^`]+)`", page.read_text(), re.DOTALL | re.MULTILINE)
    for block, words in found:
        for line in (block or " ".join(words.split())).splitlines():
            yield line.partition(" #")[0].strip()


def wrong_with(words: list[str]) -> Iterator[str]:
    """Tell of what a command of ours has no verb or option."""
    command = typer.main.get_command(app)
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        verb, *words = words
        inner = command.get_command(typer.Context(command), verb)
        if inner is None:
            yield verb
            return
        command = inner
    there = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    yield from (word for word in words if word.startswith("-") and word not in there)


@each_page
def test_a_command_of_seenit_has_the_verbs_and_options_that_are_typed(page):
    for line in typed(page):
        if command := re.match(r"(?:\S+=\S* )*seenit ([a-z-].*)", line):
            words = shlex.split(re.split(r"[|>;…]|\\\|", command[1])[0])
            assert [*wrong_with(words)] == [], line


def test_a_verb_and_an_option_that_there_are_not_are_found():
    assert [*wrong_with(["reconcil"])] == ["reconcil"]
    assert [*wrong_with(["rejections", "retry", "--reasons", "broken"])] == ["--reasons"]
    assert [*wrong_with(["rejections", "retry", "--reason", "broken"])] == []


@each_page
def test_settings_figures_and_targets_of_make_have_their_right_names(page):
    text = page.read_text()
    named = {*re.findall(r"SEENIT_[A-Z0-9_]*[A-Z0-9](?![A-Z0-9_*…])", text)} - {KUBERNETES_OWN}
    assert unknown_settings(named) == []
    figures = {*re.findall(r"\bseenit_[a-z_]+(?=[`{])", text)}
    assert figures <= told().keys()
    assert {*re.findall(r"\bseenit:\w+:\w+", text)} <= recorded().keys()
    targets = {*re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)}
    made = [re.match(r"(?:\S+=\S* )*make ([a-z.-]+)", line) for line in typed(page)]
    assert {found[1] for found in made if found} <= targets


@each_page
def test_a_panel_and_a_page_to_look_at_are_there(page):
    text = page.read_text()
    titles = {panel.title for row in ROWS for panel in row.panels}
    named = re.findall(r"[Pp]anels? \*([^*]+)\*(?: and \*([^*]+)\*)?", text)
    assert {" ".join(title.split()) for pair in named for title in pair if title} <= titles
    for listener, path in re.findall(r"http://((?:API|WORKER):\d+)(/\w+(?:/\w+)*)", text):
        assert path in LISTENERS[listener]


@each_page
def test_a_program_of_kafkas_is_told_where_kafka_is(page):
    for line in typed(page):
        assert not re.match(r"kafka-[\w-]+\.sh", line) or "--bootstrap-server" in line


@pytest.mark.parametrize("page", sorted(RUNBOOKS.glob("Seenit*.md")), ids=lambda page: page.stem)
def test_what_a_log_is_said_to_say_it_says(page):
    rooms = ("search_api", "seenit", "shared", "streams")
    code = "".join(file.read_text() for room in rooms for file in (ROOT / room).rglob("*.py"))
    for words in re.findall(r"`([^`]+)`", page.read_text()) if page.stem not in OTHERS else ():
        said = " ".join(words.split())
        if " " in said and not re.match(PROGRAMS, said):
            for piece in re.split(r"…|: |\d+|catalog", said):
                assert piece.strip() in code, said
