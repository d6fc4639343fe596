"""Dashboards and alerts hold on to these names and labels."""

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics import MetricWrapperBase

from shared import metrics
from shared.errors import Reason
from shared.records import Outcome

ROOT = Path(__file__).parents[2]
PROMISED = {
    "seenit_events_total": ("kind",),
    "seenit_outcomes_total": ("outcome",),
    "seenit_rejections_total": ("reason",),
    "seenit_stage_seconds": ("stage",),
    "seenit_batch_size": ("stage",),
    "seenit_in_flight": ("unit",),
    "seenit_waiting": ("part",),
    "seenit_answering": ("part",),
    "seenit_lag_events": ("partition",),
    "seenit_freshness_seconds": (),
    "seenit_leading": (),
    "seenit_reconciled_timestamp_seconds": (),
    "seenit_drift_objects": (),
    "seenit_held_back_objects": (),
    "seenit_searches_total": ("status",),
    "seenit_search_seconds": ("stage",),
    "seenit_build_info": (),
}
DECLARED = [value for value in vars(metrics).values() if isinstance(value, MetricWrapperBase)]


def exposed(metric: MetricWrapperBase) -> str:
    """The name that a scrape shows, suffixes of a histogram aside."""
    registry = CollectorRegistry()
    registry.register(metric)
    return re.search(rb"# TYPE (\S+)", generate_latest(registry))[1].decode()


def test_exactly_the_promised_metrics_are_declared_with_their_labels():
    assert {exposed(metric): metric._labelnames for metric in DECLARED} == PROMISED


@pytest.mark.parametrize("metric", DECLARED, ids=lambda metric: metric._name)
def test_each_metric_explains_itself(metric):
    assert metric._documentation.endswith(".")


@pytest.mark.parametrize("metric", DECLARED, ids=lambda metric: metric._name)
def test_a_label_that_was_not_declared_is_refused(metric):
    with pytest.raises(ValueError, match="label"):
        metric.labels(*metric._labelnames, "more")


@pytest.mark.parametrize(
    ("metric", "kinds"), [(metrics.OUTCOMES, Outcome), (metrics.REJECTIONS, Reason)]
)
def test_what_never_happened_yet_is_told_as_0_so_that_the_first_time_is_seen(metric, kinds):
    [label] = metric._labelnames
    told = {sample.labels[label] for family in metric.collect() for sample in family.samples}
    assert told >= {*kinds}


def test_no_metric_is_declared_elsewhere():
    places = [
        path.relative_to(ROOT).as_posix()
        for room in ("shared", "streams", "search_api", "seenit")
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\b(Counter|Gauge|Histogram|Info)\(\s*\"seenit_", path.read_text())
    ]
    assert places == ["shared/metrics.py"]
