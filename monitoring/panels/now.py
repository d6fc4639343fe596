"""The row that is looked at first: whether anything is the matter."""

from monitoring.panels.panel import Panel, Row

NOW = Row(
    "Now",
    [
        Panel(
            "Alerts",
            "Alerts of Seenit that fire now; each has a page in docs/runbooks.",
            {"alerts": 'count(ALERTS{alertname=~"Seenit.*", alertstate="firing"}) or vector(0)'},
            kind="stat",
            width=3,
            bad_above=1,
        ),
        Panel(
            "Waiting",
            "Events in Kafka that no worker has settled yet.",
            {"events": "seenit:lag_events:sum"},
            kind="stat",
            width=3,
            bad_above=10_000,
        ),
        Panel(
            "Time left",
            "Until what waits is settled, at the rate of the last five minutes. No data: events "
            "wait and nothing moves.",
            {"left": "seenit:lag_seconds:left"},
            unit="s",
            kind="stat",
            width=3,
            bad_above=600,
        ),
        Panel(
            "Change to searchable",
            "95 of 100 changes were searchable within this time, over ten minutes.",
            {"p95": "seenit:freshness_seconds:p95_10m"},
            unit="s",
            kind="stat",
            width=3,
            bad_above=60,
        ),
        Panel(
            "Differences",
            "What the last comparison of store, catalog and index found. More than 0 again and "
            "again: notifications get lost.",
            {"objects": "max(seenit_drift_objects)"},
            kind="stat",
            width=3,
            bad_above=1,
        ),
        Panel(
            "Rejected",
            "The share of what was read in 15 minutes that is no picture or a broken one.",
            {"share": "seenit:rejections:ratio15m"},
            unit="percentunit",
            kind="stat",
            width=3,
            bad_above=0.2,
        ),
        Panel(
            "Search",
            "95 of 100 searches were answered within this time, over five minutes.",
            {"p95": "seenit:search_seconds:p95_5m"},
            unit="s",
            kind="stat",
            width=3,
            bad_above=1,
        ),
        Panel(
            "Searches that fail",
            "The share of searches in five minutes that ended in 500 or 503.",
            {"share": "seenit:searches_failed:ratio5m"},
            unit="percentunit",
            kind="stat",
            width=3,
            bad_above=0.05,
        ),
    ],
)
