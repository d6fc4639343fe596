"""What dashboard and rules ask for is what the code tells."""

import re

import pytest
from prometheus_client import REGISTRY

from monitoring.panels import ROWS
from shared import metrics  # noqa: F401 - declares what the registry tells
from tests.monitoring.places import alerts, recorded
from tests.monitoring.promql import Selector, groups_by, selectors

SCRAPED = {"job", "instance"}  # Prometheus adds these
OF_PROMETHEUS = {"up": set(), "ALERTS": {"alertname", "alertstate", "severity"}}


def told() -> dict[str, set[str]]:
    """The names of all series that a worker or a search API may tell, with their labels."""
    names: dict[str, set[str]] = {}
    for collector, families in REGISTRY._collector_to_names.items():
        labels = {*getattr(collector, "_labelnames", ())}
        for name in families:
            names[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    names["seenit_build_info"] = {"version", "model"}
    return names


def expressions() -> dict[str, str]:
    """All that is asked, by where."""
    panels = {
        f"{row.title} / {panel.title} / {legend}": query
        for row in ROWS
        for panel in row.panels
        for legend, query in panel.queries.items()
    }
    return panels | recorded() | {name: rule["expr"] for name, rule in alerts().items()}


KNOWN = told() | {name: set() for name in recorded()} | OF_PROMETHEUS
EXPRESSIONS = expressions()


@pytest.mark.parametrize("where", EXPRESSIONS)
def test_it_asks_for_what_there_is_by_labels_that_it_has(where):
    expression = EXPRESSIONS[where]
    asked = selectors(expression)
    assert asked
    assert {selector.metric for selector in asked} <= KNOWN.keys()
    for selector in asked:
        assert selector.labels <= KNOWN[selector.metric] | SCRAPED, selector.text
    all_labels = set().union(*(KNOWN[selector.metric] for selector in asked)) | SCRAPED
    assert groups_by(expression) <= all_labels


@pytest.mark.parametrize(
    "panel", [panel for row in ROWS for panel in row.panels], ids=lambda panel: panel.title
)
def test_a_legend_names_labels_that_are_there(panel):
    for legend, query in panel.queries.items():
        asked = set().union(*(KNOWN[selector.metric] for selector in selectors(query))) | SCRAPED
        assert {*re.findall(r"{{(\w+)}}", legend)} <= (groups_by(query) or asked), legend


def test_every_metric_that_the_code_declares_is_asked_for():
    asked = {selector.metric for each in EXPRESSIONS.values() for selector in selectors(each)}
    unused = [
        name
        for name in told()
        if name.startswith("seenit_")
        and not name.endswith(("_created", "_bucket", "_count", "_sum"))
        and not any(each.startswith(name) for each in asked)
    ]
    assert unused == []


def test_every_recorded_name_is_asked_for():
    asked = {selector.metric for each in EXPRESSIONS.values() for selector in selectors(each)}
    assert recorded().keys() <= asked


@pytest.mark.parametrize(
    ("expression", "found", "grouped"),
    [
        ('absent(up{job="a (b) c"} == 1)', [("up", {"job"}, 'up{job="a (b) c"}')], set()),
        (
            'sum by (le, stage) (rate(x_bucket{stage=~"a|b{2}"}[5m] offset 5m)) or vector(0)',
            [("x_bucket", {"stage"}, 'x_bucket{stage=~"a|b{2}"}')],
            {"le", "stage"},
        ),
        (
            "a:b:rate5m / on (instance) group_left () c unless d offset 5m",
            [("a:b:rate5m", set(), "a:b:rate5m"), ("c", set(), "c"), ("d", set(), "d")],
            {"instance"},
        ),
    ],
)
def test_what_an_expression_names_is_found(expression, found, grouped):
    expected = [Selector(metric, frozenset(labels), text) for metric, labels, text in found]
    assert selectors(expression) == expected
    assert groups_by(expression) == grouped
