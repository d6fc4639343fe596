"""`python -m stack start|stop`: the real services, for working by hand.

Leaves `.stack/env` (settings as KEY=value lines), and per service `.stack/NAME.pid` and
`.stack/NAME.log`; data stay in `.stack/NAME` from one start to the next.
"""

import argparse
import os
import sys
from pathlib import Path

from stack.registry import DEFAULT_PORTS
from stack.service import CannotRun, Service, stop_group

STATE = Path(".stack").absolute()


def start() -> int:
    """Start what is not running and write the settings of what is; 1 if something cannot be had."""
    STATE.mkdir(exist_ok=True)
    failed = False
    for service in DEFAULT_PORTS:
        if _alive(_pid(service)):
            print(f"{service.name}: already running")  # noqa: T201 - a command line prints
            continue
        try:
            _start(service)
        except CannotRun as reason:
            failed = True
            print(f"{service.name}: {reason}", file=sys.stderr)  # noqa: T201 - the same
    settings = "".join(path.read_text() for path in sorted(STATE.glob("*.env")))
    (STATE / "env").write_text(settings)
    return int(failed)


def stop() -> int:
    """End what `start` started, the last first."""
    for service in reversed(DEFAULT_PORTS):
        pid = _pid(service)
        if pid is not None:
            stop_group(pid, 20.0, lambda pid=pid: not _alive(pid))  # type: ignore[misc]
        for suffix in ("pid", "env"):
            (STATE / f"{service.name}.{suffix}").unlink(missing_ok=True)
    (STATE / "env").unlink(missing_ok=True)
    return 0


def _start(service: Service) -> None:
    data = STATE / service.name
    data.mkdir(exist_ok=True)
    with (STATE / f"{service.name}.log").open("wb") as log:
        running = service.start(data, log, bound=False)
    lines = "".join(f"{name}={value}\n" for name, value in running.settings.items())
    (STATE / f"{service.name}.env").write_text(lines)
    (STATE / f"{service.name}.pid").write_text(str(running.process.pid))
    print(f"{service.name}: ready", *running.settings.values())  # noqa: T201 - a command line prints


def _pid(service: Service) -> int | None:
    try:
        return int((STATE / f"{service.name}.pid").read_text())
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m stack", description=__doc__)
    parser.add_argument("action", choices=["start", "stop"])
    sys.exit({"start": start, "stop": stop}[parser.parse_args().action]())
