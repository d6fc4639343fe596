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


def write(folder: Path, model: ov.Model) -> CachedModel:
    """Write a converted model, replacing a damaged one, and return it as the next start reads it.

    A cache that cannot be written is no fault; each start then converts anew.
    """
    with tempfile.TemporaryDirectory() as scratch:
        graph, constants = Path(scratch, _GRAPH), Path(scratch, _CONSTANTS)
        ov.save_model(model, graph, compress_to_fp16=False)
        cached = CachedModel(graph.read_bytes(), constants.read_bytes())
    try:
        _keep(folder, cached)
    except OSError as error:
        if not folder.is_dir():  # else another process was quicker, and its work is as good
            log.warning("the converted model is not kept, so each start makes it again: %s", error)
    return cached


def _keep(folder: Path, cached: CachedModel) -> None:
    """Put the model into its place at once: written beside it, then renamed."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        (scratch / _GRAPH).write_bytes(cached.graph)
        (scratch / _CONSTANTS).write_bytes(cached.constants)
        (scratch / _SUMS).write_text(_sums(cached), encoding="ascii")
        shutil.rmtree(folder, ignore_errors=True)
        scratch.rename(folder)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _sums(cached: CachedModel) -> str:
    """Return what `sha256sum` writes, so that `sha256sum -c` checks a cache by hand."""
    return "".join(
        f"{hashlib.sha256(content).hexdigest()}  {name}\n"
        for name, content in ((_GRAPH, cached.graph), (_CONSTANTS, cached.constants))
    )
