"""How pictures are taken up: of a folder and of a bucket alike, by a worker, and which at all."""

from typing import ClassVar

from pydantic import Field

from shared.settings.group import Group


class Ingest(Group):
    """Batches, and keeping catalog and index equal to the store."""

    title: ClassVar = "Ingest"

    batch_size: int = Field(64, ge=1, le=1024, description="Events per batch of the pipeline.")
    batch_age_ms: int = Field(
        50, ge=0, le=60_000, description="How long a batch waits for more events, in milliseconds."
    )
    settle_ms: int = Field(
        300,
        ge=0,
        le=60_000,
        description="How long a file must lie unchanged before it is read (folder only).",
    )
    reconcile_s: int = Field(
        600, ge=1, le=7 * 86_400, description="Seconds between two reconciliations."
    )
    removal_guard: float = Field(
        0.5,
        ge=0,
        le=1,
        description="The share of a bucket that reconciling may remove without `--force`; fewer "
        "than 10 objects are removed unasked, unless they are all there is. 1 never asks.",
    )
    collect_grace_s: int = Field(
        3600,
        ge=0,
        le=30 * 86_400,
        description="How long an image without objects is kept before its vector is deleted.",
    )


class Worker(Group):
    """The process that consumes from Kafka."""

    title: ClassVar = "The worker"

    in_flight: int = Field(
        512,
        ge=1,
        le=100_000,
        description="Notifications a worker takes up before the oldest is done.",
    )
    drain_s: float = Field(
        20.0,
        gt=0,
        le=600,
        description="How long a worker finishes what is under way when it stops or loses a "
        "partition, in seconds.",
    )
    stall_s: float = Field(
        60.0,
        ge=5,
        le=3600,
        description="A worker that has events waiting and settles none for so long is not alive.",
    )
    rejection_limit: float = Field(
        0.95,
        gt=0,
        le=1,
        description="A worker stops when more than this share of the last 200 objects it read was "
        "rejected; 1 never stops.",
    )
    worker_host: str = Field(
        "127.0.0.1", min_length=1, description="The address of the worker's health and metrics."
    )
    worker_port: int = Field(
        8001, ge=0, le=65_535, description="The port of the worker's health and metrics."
    )


class Pictures(Group):
    """What one picture may cost, in ingest and in search."""

    title: ClassVar = "Limits of a picture"

    max_bytes: int = Field(
        32 * 2**20, ge=1024, le=2**31, description="The largest file that is read, in bytes."
    )
    max_pixels: int = Field(
        100_000_000, ge=1, le=2**31, description="The largest picture that is decoded, in pixels."
    )
    decode_timeout_s: float = Field(
        20.0,
        gt=0,
        le=600,
        description="The longest that decoding one picture may take, in seconds.",
    )
    decode_memory: int = Field(
        3 * 2**30,
        ge=2**29,
        le=2**40,
        description="The most memory one decoding process may take, in bytes (Linux).",
    )
