"""`python -m stack fetch|start|stop [NAME …]`: the real services, for working by hand.

They run natively, also where there is a container engine. Leaves `.stack/env` (settings as
KEY=value lines), and per service `.stack/NAME.pid` and `.stack/NAME.log`; data stay in
`.stack/NAME` from one start to the next.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from stack.daemon import stop_group
from stack.registry import PORTS, Stack
from stack.service import free_ports, is_free

STATE = Path(".stack").absolute()
NEXT = """
To go on:
    set -a; . .stack/env; set +a
    seenit setup     # makes the topic, the notifications, the tables, the collection, the users
    seenit worker    # in one terminal: takes up what is put into the bucket
    seenit serve     # in another: answers searches
`make stack-stop` ends the services; their data stay in .stack."""


def fetch(_: Sequence[str]) -> int:
    """Have all programs before they are needed; what cannot be had is told where it is needed."""
    problems = Stack(STATE, bound=False).obtain()
    for name, reason in problems.items():
        print(f"{name}: {reason}", file=sys.stderr)
    return 0


def start(names: Sequence[str]) -> int:
    """Start what is not running and write the settings; 1 if a service cannot be had."""
    STATE.mkdir(exist_ok=True)
    running = {name for name in PORTS if _alive(_pid(name))}
    stack = Stack(STATE, bound=False, ports=_ports(running))
    problems = stack.start(name for name in names if name not in running)
    for name in names:
        daemon = stack.daemons[name]
        if daemon.pid is not None:
            (STATE / f"{name}.pid").write_text(str(daemon.pid))
        said = problems.get(name) or ("already running" if name in running else "ready")
        print(f"{name}: {said}", "" if name in problems else f"at {daemon.service.address}")
    (STATE / "env").write_text(
        "".join(f"{name}={value}\n" for name, value in stack.settings.items())
    )
    print(NEXT if not problems else "Not all services could be had.")
    return int(bool(problems))


def stop(names: Sequence[str]) -> int:
    """End what `start` started."""
    for name in names:
        pid = _pid(name)
        if pid is not None:
            stop_group(pid, 20.0, lambda pid=pid: not _alive(pid))  # type: ignore[misc]
        (STATE / f"{name}.pid").unlink(missing_ok=True)
    if not [*STATE.glob("*.pid")]:
        (STATE / "env").unlink(missing_ok=True)
    return 0


def _ports(running: set[str]) -> dict[str, int]:
    """Settle the ports: of what runs where it is, else the usual ones, else any that are free."""
    kept = STATE / "ports.json"
    last = json.loads(kept.read_text()) if kept.exists() else {}
    ports = {}
    for name, usual in PORTS.items():
        wanted = [usual, *([last[name]] if name in last else [])]
        free = next((port for port in wanted if is_free(port)), None) or free_ports(1)[0]
        ports[name] = last[name] if name in running else free
        if ports[name] != usual and name not in running:
            print(f"{name}: port {usual} is taken by another program, so {ports[name]} is used")
    kept.write_text(json.dumps(ports))
    return ports


def _pid(name: str) -> int | None:
    try:
        return int((STATE / f"{name}.pid").read_text())
    except (FileNotFoundError, ValueError):
        return None


def _alive(pid: int | None) -> bool:
    if pid is None:
        return False
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


ACTIONS = {"fetch": fetch, "start": start, "stop": stop}

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument("action", choices=[*ACTIONS])
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"of {', '.join(PORTS)}; or all")
    asked = parser.parse_args()
    if unknown := {*asked.names} - {*PORTS}:
        parser.error(f"there is no {', '.join(sorted(unknown))}")
    sys.exit(ACTIONS[asked.action](asked.names or [*PORTS]))
