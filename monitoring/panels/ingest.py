"""The rows about ingest: whether it keeps up, loses nothing, and what it rejects."""

from monitoring.panels.panel import Panel, Row, by_stage, quantiles

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
