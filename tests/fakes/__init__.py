"""Stand-ins for pure logic and for faults that the real parts cannot be told to have."""

from tests.fakes.around import Counted, CutOff, Faulty, Interposed, Stopped
from tests.fakes.catalog import FakeCatalog, as_said
from tests.fakes.index import FakeIndex
from tests.fakes.pictures import (
    FakeDecoder,
    FakeEmbedder,
    FakeEmbedding,
    PoisonedEmbedder,
    ThumbnailEmbedder,
)
from tests.fakes.processor import FakeProcessor
from tests.fakes.store import FakeStore

__all__ = [
    "Counted",
    "CutOff",
    "FakeCatalog",
    "FakeDecoder",
    "FakeEmbedder",
    "FakeEmbedding",
    "FakeIndex",
    "FakeProcessor",
    "FakeStore",
    "Faulty",
    "Interposed",
    "PoisonedEmbedder",
    "Stopped",
    "ThumbnailEmbedder",
    "as_said",
]
