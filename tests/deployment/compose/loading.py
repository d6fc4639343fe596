"""Reads the compose file as `docker compose` does, with the settings of `.env.example`."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

from stack.programs import tool
from tests.deployment.rules import ROOT

VARIABLE = re.compile(r"\$\{(\w+)(?::[-?]([^}]*))?\}")


def example() -> dict[str, str]:
    """Read `.env.example`, with a secret for each that is generated."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.split("=", 1) for line in lines if line and not line.startswith("#"))
    return {name: f"{name}-made".lower() if v == "GENERATED" else v for name, v in pairs}


def composed(text: str, folder: Path) -> dict[str, Any]:
    """Load a compose file by the library that `docker compose` loads it with.

    Raises:
        subprocess.CalledProcessError: it does not conform; `stderr` tells why.
    """
    values = example()
    filled = VARIABLE.sub(lambda it: values.get(it[1]) or it[2] or "", text)
    (folder / "compose.yaml").write_text(filled)
    done = subprocess.run(
        [tool("compose-spec"), "-format", "json", "-no-path-resolution", "compose.yaml"],
        cwd=folder,
        env=os.environ | {"COMPOSE_PROFILES": "*"},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded: dict[str, Any] = json.loads(done.stdout)
    return loaded
