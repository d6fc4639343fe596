"""Where what an operator mounts lies, and the programs that check it."""

import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "monitoring"
PROMETHEUS = MONITORING / "prometheus"
PROVISIONING = MONITORING / "grafana" / "provisioning"
RUNBOOKS = ROOT / "docs" / "runbooks"


def told(*command: object) -> str:
    """Run a checking program, which must find nothing wrong; returns what it says."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@cache
def rules() -> list[dict[str, Any]]:
    """All rules, in the order of their files."""
    files = sorted((PROMETHEUS / "rules").glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def recorded() -> dict[str, str]:
    """The expression behind each recorded name."""
    return {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def alerts() -> dict[str, dict[str, Any]]:
    """The alerts by their names."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}
