"""Every metric, declared once. The names are what dashboards and alerts hold on to."""

from importlib.metadata import version

from prometheus_client import Counter, Gauge, Histogram, Info

from shared.errors import Reason
from shared.records import Outcome

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_FRESHNESS = (0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3600)
_BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)

# Ingest
EVENTS = Counter("seenit_events", "Events received, by kind.", ["kind"])
OUTCOMES = Counter("seenit_outcomes", "What became of events.", ["outcome"])
REJECTIONS = Counter("seenit_rejections", "Objects that can never be indexed.", ["reason"])
STAGE_SECONDS = Histogram(
    "seenit_stage_seconds", "Time one batch spends in a stage.", ["stage"], buckets=_SECONDS
)
BATCH_SIZE = Histogram("seenit_batch_size", "Items per batch.", ["stage"], buckets=_BATCHES)
IN_FLIGHT = Gauge("seenit_in_flight", "Work taken up and not finished.", ["unit"])
WAITING = Gauge("seenit_waiting", "Calls that wait for a part to answer.", ["part"])
ANSWERING = Gauge("seenit_answering", "Whether a part answered when last asked: 1 or 0.", ["part"])
LAG = Gauge("seenit_lag_events", "Events waiting to be taken up.", ["partition"])
FRESHNESS = Histogram(
    "seenit_freshness_seconds", "From a change to its being searchable.", buckets=_FRESHNESS
)
LEADING = Gauge("seenit_leading", "Whether this worker compares and collects for all: 1 or 0.")
RECONCILED = Gauge(
    "seenit_reconciled_timestamp_seconds", "When this process last compared all with the store."
)
DRIFT = Gauge("seenit_drift_objects", "Differences that the last reconciliation found.")
HELD_BACK = Gauge("seenit_held_back_objects", "Removals that the last reconciliation asks about.")

# Search
SEARCHES = Counter("seenit_searches", "Searches answered, by HTTP status.", ["status"])
SEARCH_SECONDS = Histogram(
    "seenit_search_seconds", "Time one search spends in a stage.", ["stage"], buckets=_SECONDS
)

BUILD_INFO = Info("seenit_build", "Version and model.")

for _outcome in Outcome:  # from the start, so that the first one of a kind is a step up from 0
    OUTCOMES.labels(_outcome)
for _reason in Reason:
    REJECTIONS.labels(_reason)


def tell_build(model_id: str) -> None:
    """Say which version runs, and on which model."""
    BUILD_INFO.info({"version": version("seenit"), "model": model_id})
