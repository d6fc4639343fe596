"""What the pages say of others' programs, of files and of addresses is so in this repository."""

import re
import shlex
from argparse import REMAINDER, ArgumentParser, Namespace
from collections.abc import Iterator

import pytest
import yaml

from search_api.calls import CALLS
from tests.deployment.dockerfile import parse
from tests.docs.test_names import PAGES, each_page, typed, wrong_with
from tests.monitoring.places import ROOT

SERVICES = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())["services"]
PROFILES = {profile for service in SERVICES.values() for profile in service.get("profiles", ())}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
RESOURCES = {
    name
    for page in (ROOT / "k8s").rglob("*.yaml")
    for name in re.findall(r"name: ([a-z][a-z0-9.-]*)", page.read_text())
}
KUBECTL = {"annotate", "apply", "delete", "exec", "get", "logs", "port-forward"}
ROOMS = "benchmarks|docs|k8s|locks|monitoring|search_api|shared|stack|streams|tests"


class Wrong(Exception):  # noqa: N818 - what a page says
    """There is nothing of that name."""


class Docker(ArgumentParser):
    """As much of Docker's command line as the pages use."""

    def error(self, message: str) -> None:
        raise Wrong(message)


def _service(name: str) -> str:
    if name.partition("=")[0] not in SERVICES:
        raise Wrong(f"no service {name}")
    return name


def docker() -> Docker:
    parser = Docker(add_help=False)
    tools = parser.add_subparsers(required=True, dest="tool")
    build = tools.add_parser("build")
    build.add_argument("--target", choices=parse(DOCKERFILE).stages, required=True)
    build.add_argument("-t")
    build.add_argument("place")
    compose = tools.add_parser("compose")
    compose.add_argument("--profile", choices=PROFILES)
    verbs = compose.add_subparsers(required=True, dest="verb")
    up = verbs.add_parser("up")
    up.add_argument("--build", action="store_true")
    up.add_argument("--detach", "-d", action="store_true")
    up.add_argument("--scale", type=_service)
    logs = verbs.add_parser("logs")
    logs.add_argument("--tail", type=int)
    for several in (up, logs, *map(verbs.add_parser, ("ps", "start", "stop"))):
        several.add_argument("services", nargs="*", type=_service)
    run, into = verbs.add_parser("run"), verbs.add_parser("exec")
    run.add_argument("--rm", action="store_true")
    into.add_argument("-T", action="store_true")
    for one in (run, into):
        one.add_argument("service", type=_service)
        one.add_argument("words", nargs=REMAINDER)
    return parser


def said_to_seenit(told: Namespace) -> list[str]:
    """Find what an image of ours is asked to do: its entry point is `seenit`."""
    words: list[str] = getattr(told, "words", [])
    if getattr(told, "verb", "") == "run":
        return words
    return words[1:] if words[:1] == ["seenit"] else []


def wrong_in(line: str) -> Iterator[str]:
    """Tell what is wrong with a line of commands."""
    for command in re.split(r"[;|…]|&&", line):
        words = shlex.split(re.sub(r"[<>] *\S+", "", command), comments=True)
        if words[:2] in (["docker", "compose"], ["docker", "build"]):
            try:
                told = docker().parse_args(words[1:]) if words[2:] else Namespace()
                yield from wrong_with(said_to_seenit(told)) if said_to_seenit(told) else ()
            except Wrong as wrong:
                yield str(wrong)
        elif words[:1] == ["kubectl"]:
            yield from _wrong_with_kubectl(words[1:])
        elif words[:1] and words[0].startswith("--build-arg"):
            name = words[1].partition("=")[0]
            yield from () if f"ARG {name}" in DOCKERFILE else [name]


def _wrong_with_kubectl(words: list[str]) -> Iterator[str]:
    verb = next((word for word in words if word in KUBECTL), None)
    if verb is None:
        yield f"kubectl {' '.join(words)}"
        return
    place = _place(words)
    if place and not (ROOT / place / "kustomization.yaml").is_file():
        yield place
    for word in words:
        name = word.rpartition("/")[2]
        if name.startswith("seenit") and word != place and name not in RESOURCES:
            yield name
    if "--" in words and words[words.index("--") + 1] == "seenit":
        yield from wrong_with(words[words.index("--") + 2 :])


def _place(words: list[str]) -> str:
    return next(iter(words[words.index("-k") + 1 :]), "") if "-k" in words else ""


@each_page
def test_others_commands_have_the_services_resources_and_paths_that_are_typed(page):
    for line in typed(page):
        if re.match(r"docker |kubectl |--build-arg", line):
            assert [*wrong_in(line)] == [], line


@pytest.mark.parametrize(
    "line",
    [
        "docker compose log",
        "docker compose logs --tial 3",
        "docker compose logs wroker",
        "docker compose --profile monitor up -d",
        "docker compose up -d --scale workers=3",
        "docker compose run --rm worker reconciled",
        "docker compose exec worker seenit reconcile --dryrun",
        "docker compose ps; docker compose logs wroker",
        "docker build --target workers -t seenit/worker:0.1.0 .",
        "--build-arg TORCH_IDX=…",
        "kubectl log --previous POD",
        "kubectl apply -k k8s/overlay/production",
        "kubectl delete job seenit-set-up -n seenit",
        "kubectl -n seenit exec deploy/seenit-worker -- seenit statsu",
    ],
)
def test_a_mistake_in_others_commands_is_found(line):
    assert [*wrong_in(line)] != []


@each_page
def test_a_file_that_is_named_is_there(page):
    for line in typed(page):
        for name in re.findall(rf"(?<![\w./:-])(?:(?:{ROOMS})/[\w./*-]*|seenit/\w+\.py)", line):
            assert [*ROOT.glob(name.rstrip("/."))], name


@each_page
def test_an_address_of_the_api_is_one_that_it_answers(page):
    paths = [re.sub(r"\\{\w+\\}", r"[\\w{}]+", re.escape(call.path)) for call in CALLS]
    for said in re.findall(r"/v1/[\w/{}]+", page.read_text()):
        assert any(re.fullmatch(path, said) for path in paths), said


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.parent == ROOT], ids=lambda it: it.stem
)
def test_a_link_from_outside_the_site_leads_somewhere(page):
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        place, _, anchor = link.partition("#")
        target = page.parent / place if place else page
        assert target.exists(), link
        if anchor:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            slugs = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles]
            assert anchor in slugs, link
