"""The row about search."""

from monitoring.panels.panel import Panel, Row, quantiles

SEARCH = Row(
    "Is search fast?",
    [
        Panel(
            "Searches, by status",
            "429: too many at once. 500 and 503: see Searches that fail.",
            {"{{status}}": "sum by (status) (rate(seenit_searches_total[$__rate_interval]))"},
            unit="reqps",
        ),
        Panel(
            "Searches",
            "From the first byte of the request to the answer.",
            quantiles('seenit_search_seconds_bucket{stage="total"}'),
            unit="s",
        ),
        Panel(
            "Stages of a search",
            "95 of 100 took no longer than this in each stage. What total has beyond their sum is "
            "upload and waiting for a turn.",
            {
                "{{stage}}": "histogram_quantile(0.95, sum by (stage, le) "
                "(rate(seenit_search_seconds_bucket[$__rate_interval])))"
            },
            unit="s",
        ),
        Panel(
            "Searches that fail",
            "Failed: 500 or 503. Refused: 429.",
            {
                "failed": "seenit:searches_failed:ratio5m",
                "refused": "seenit:searches_refused:ratio5m",
            },
            unit="percentunit",
            width=12,
        ),
        Panel(
            "Searches under way",
            "Those that are worked on and those that wait for their turn.",
            {"{{instance}}": 'seenit_in_flight{unit="searches"}'},
            width=12,
        ),
    ],
)
