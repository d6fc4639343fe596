"""What a panel and a row of the dashboard are, and the queries that several panels ask."""

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
