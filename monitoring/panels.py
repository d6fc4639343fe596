"""What the dashboard asks, row by row: the questions of an operator in their order."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Panel:
    """One answer.

    Attributes:
        title: what it shows.
        why: how to read it; stands behind the panel's (i).
        queries: expressions by their legends, which may hold `{{label}}`.
        unit: Grafana's word for it.
        kind: `stat`, `timeseries`, `bars` or `table`.
        width: in 24ths of the page.
    """

    title: str
    why: str
    queries: dict[str, str]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    bad_above: float | None = None


@dataclass(frozen=True)
class Row:
    """Panels that answer one question."""

    title: str
    panels: list[Panel] = field(default_factory=list)


def quantiles(buckets: str) -> dict[str, str]:
    """Ask for the middle and the slow end of a histogram."""
    return {
        f"p{percent}": f"histogram_quantile({percent / 100:g}, "
        f"sum by (le) (rate({buckets}[$__rate_interval])))"
        for percent in (50, 95, 99)
    }


def by_stage(histogram: str) -> dict[str, str]:
    """Ask for the mean of a histogram in each stage."""
    total, count = (
        f"sum by (stage) (rate({histogram}_{end}[$__rate_interval]))" for end in ("sum", "count")
    )
    return {"{{stage}}": f"{total} / {count}"}


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

KEEPING_UP = Row(
    "Is it keeping up?",
    [
        Panel(
            "Rate",
            "Events that come in, and what becomes of them, a second.",
            {
                "in: {{kind}}": "sum by (kind) (rate(seenit_events_total[$__rate_interval]))",
                "{{outcome}}": "sum by (outcome) (rate(seenit_outcomes_total[$__rate_interval]))",
            },
            unit="ops",
        ),
        Panel(
            "Waiting, by partition",
            "One that grows alone has a key of its own, or a worker in trouble.",
            {"partition {{partition}}": "max by (partition) (seenit_lag_events)"},
        ),
        Panel(
            "Change to searchable",
            "From the store's time of a change to its being in catalog and index.",
            quantiles("seenit_freshness_seconds_bucket"),
            unit="s",
        ),
        Panel(
            "Time left",
            "Until what waits is settled. A gap: events wait and nothing moves.",
            {"left": "seenit:lag_seconds:left"},
            unit="s",
        ),
        Panel(
            "Stages of a batch",
            "Where a batch's time goes, on average: the longest stage is what to make faster.",
            by_stage("seenit_stage_seconds"),
            unit="s",
        ),
        Panel(
            "Batches",
            "How many go together, on average. Batches grow with the load.",
            by_stage("seenit_batch_size"),
        ),
    ],
)

LOSING = Row(
    "Is it losing anything?",
    [
        Panel(
            "Differences",
            "Found by the last comparison of store, catalog and index, and removals that wait for "
            "`seenit reconcile --force`.",
            {
                "differences": "max(seenit_drift_objects)",
                "held back": "max(seenit_held_back_objects)",
            },
        ),
        Panel(
            "Since the last comparison",
            "No longer than SEENIT_RECONCILE_S and the time that a comparison takes.",
            {
                "ago": "time() - (max(seenit_reconciled_timestamp_seconds) > 0)",
            },
            unit="s",
        ),
        Panel(
            "Parts that answer",
            "1: the part answers every instance. 0: it does not answer one of them.",
            {"{{part}}, {{job}}": "min by (part, job) (seenit_answering)"},
        ),
        Panel(
            "Calls that wait",
            "Of the workers, for a part that failed: they are repeated until it answers.",
            {"{{part}}": "sum by (part) (seenit_waiting)"},
        ),
        Panel(
            "Dead letters that are not written",
            "Their notifications are not acknowledged until they are.",
            {"letters": 'sum(seenit_in_flight{unit="dead_letters"})'},
        ),
        Panel(
            "Who leads",
            "The one worker that compares and collects for all.",
            {"{{instance}}": 'seenit_leading{job="seenit-worker"}'},
        ),
    ],
)

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

REJECTED = Row(
    "What is rejected, and why?",
    [
        Panel(
            "Rejections, by reason",
            "How many; `seenit rejections list` names them. `malformed` are notifications, not "
            "pictures.",
            {"{{reason}}": "sum by (reason) (increase(seenit_rejections_total[$__rate_interval]))"},
            kind="bars",
            width=16,
        ),
        Panel(
            "Rejected",
            "The share of what was read, over 15 minutes. SEENIT_REJECTION_LIMIT stops a worker.",
            {"share": "seenit:rejections:ratio15m"},
            unit="percentunit",
        ),
    ],
)

SATURATION = Row(
    "How full is it?",
    [
        Panel(
            "Under way",
            "Messages are at most SEENIT_IN_FLIGHT; a worker at its limit takes up no more.",
            {"{{unit}}, {{instance}}": 'seenit_in_flight{unit=~"messages|events"}'},
        ),
        Panel(
            "Memory",
            "Of the process itself; its decoding processes take some more.",
            {"{{job}}, {{instance}}": 'process_resident_memory_bytes{job=~"seenit-(api|worker)"}'},
            unit="bytes",
        ),
        Panel(
            "Cores",
            "Of the process itself, with the model; decoding has processes of its own.",
            {
                "{{job}}, {{instance}}": "rate(process_cpu_seconds_total"
                '{job=~"seenit-(api|worker)"}[$__rate_interval])'
            },
        ),
        Panel(
            "Files and connections",
            "Open ones, of those that a process may have.",
            {
                "{{job}}, {{instance}}": 'process_open_fds{job=~"seenit-(api|worker)"} '
                '/ process_max_fds{job=~"seenit-(api|worker)"}'
            },
            unit="percentunit",
            width=12,
        ),
        Panel(
            "Instances",
            "That answer Prometheus.",
            {"{{job}}": 'sum by (job) (up{job=~"seenit-(api|worker)"})'},
            width=12,
        ),
    ],
)

RUNNING = Row(
    "What runs?",
    [
        Panel(
            "Versions and models",
            "All must have one model; two versions run beside each other only in an upgrade.",
            {"": "max by (job, instance, version, model) (seenit_build_info)"},
            kind="table",
            width=12,
        ),
        Panel(
            "Since their start",
            "One that begins anew again and again has last words in its log.",
            {
                "{{job}}, {{instance}}": "time() - process_start_time_seconds"
                '{job=~"seenit-(api|worker)"}'
            },
            unit="s",
            width=12,
        ),
    ],
)

ROWS = [NOW, KEEPING_UP, LOSING, SEARCH, REJECTED, SATURATION, RUNNING]
