"""Converted models on disk: one folder each, whole or not there, checked each time it is read."""

import hashlib
import logging
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import openvino as ov

_SUMS = "SHA256SUMS"
_GRAPH = "model.xml"
_CONSTANTS = "model.bin"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CachedModel:
    """OpenVINO's IR as it was read and checked: the graph and its constants."""

    graph: bytes
    constants: bytes


def read(folder: Path) -> CachedModel | None:
    """Read a cached model; None where there is none or it is not what was once written."""
    try:
        cached = CachedModel((folder / _GRAPH).read_bytes(), (folder / _CONSTANTS).read_bytes())
        expected = (folder / _SUMS).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None
    if expected != _sums(cached):
        log.warning("the converted model in %s is damaged; it is made again", folder)
        return None
    return cached


def write(folder: Path, model: ov.Model) -> None:
    """Write a converted model, replacing a damaged one; a cache that cannot be written is no fault.

    Two processes may do so at once: each writes a folder of its own and renames it, and where the
    other was quicker, its work is as good.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    except OSError as error:
        log.warning("the converted model is not kept, so each start makes it again: %s", error)
        return
    try:
        ov.save_model(model, scratch / _GRAPH, compress_to_fp16=False)
        cached = CachedModel((scratch / _GRAPH).read_bytes(), (scratch / _CONSTANTS).read_bytes())
        (scratch / _SUMS).write_text(_sums(cached), encoding="ascii")
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    except OSError as error:
        log.info("the converted model is not kept in %s: %s", folder, error)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sums(cached: CachedModel) -> str:
    """Return what `sha256sum` writes, so that `sha256sum -c` checks a cache by hand."""
    return "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in ((_GRAPH, cached.graph), (_CONSTANTS, cached.constants))
    )
