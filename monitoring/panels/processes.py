"""The rows about the processes: how full they are, and which ones run."""

from monitoring.panels.panel import Panel, Row

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
