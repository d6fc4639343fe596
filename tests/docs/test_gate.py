"""The gate runs what there is."""

import os
import re

import yaml

from tests.monitoring.places import ROOT

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
STEPS = WORKFLOW["jobs"]["gate"]["steps"]
TARGETS = {*re.findall(r"^([\w.-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)}


def test_the_workflow_runs_the_gate_then_looks_at_what_is_shipped():
    runs = [step["run"] for step in STEPS if "run" in step]
    assert runs[-3:] == [".ci/run", "make audit", "make sbom"]
    assert os.access(ROOT / ".ci/run", os.X_OK)


def test_the_gate_and_the_workflow_make_targets_that_there_are():
    told = (ROOT / ".ci/run").read_text() + "\n".join(step.get("run", "") for step in STEPS)
    made = {*re.findall(r"\bmake ([a-z-]+)", told)}
    assert {"lint", "test", "audit", "sbom"} <= made <= TARGETS


def test_what_the_workflow_keeps_is_what_was_made():
    (kept,) = (step["with"]["path"] for step in STEPS if step.get("with", {}).get("name") == "sbom")
    assert kept.partition("/")[0] + "/" in (ROOT / "Makefile").read_text()


def test_a_bill_of_materials_is_written_for_each_lock_that_something_is_shipped_from():
    recipe = re.search(r"^sbom:.*\n(?:\t.*\n)+", (ROOT / "Makefile").read_text(), re.MULTILINE)
    images = {*re.findall(r"-r locks/(\w+)\.txt", (ROOT / "Dockerfile").read_text())} - {"uv"}
    (listed,) = re.findall(r"for lock in ([a-z ]+);", recipe[0])
    assert {*listed.split()} == images | {"run"}


def test_actions_are_of_a_version_and_may_only_read():
    used = [step["uses"] for step in STEPS if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", name) for name in used)
    assert WORKFLOW["permissions"] == {"contents": "read"}
