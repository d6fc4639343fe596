"""The words of docs/ARCHITECTURE.md as frozen records; they only name and compare things.

A page each for objects, images, changes, what the catalog answers, and filters; all are imported
from here.
"""

from shared.records.catalog import (
    BucketCount,
    CatalogStats,
    Folder,
    LiveObject,
    ObjectState,
    StoredObject,
)
from shared.records.changes import (
    Change,
    Event,
    IndexedObject,
    Outcome,
    RejectedObject,
    RemovedObject,
)
from shared.records.filters import ObjectFilter, Shares
from shared.records.images import ImageFacts, ImageState, MeasuredThreshold, Neighbour
from shared.records.objects import ObjectBytes, ObjectRef, ObjectStat

__all__ = [
    "BucketCount",
    "CatalogStats",
    "Change",
    "Event",
    "Folder",
    "ImageFacts",
    "ImageState",
    "IndexedObject",
    "LiveObject",
    "MeasuredThreshold",
    "Neighbour",
    "ObjectBytes",
    "ObjectFilter",
    "ObjectRef",
    "ObjectStat",
    "ObjectState",
    "Outcome",
    "RejectedObject",
    "RemovedObject",
    "Shares",
    "StoredObject",
]
