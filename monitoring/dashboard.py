"""`python -m monitoring.dashboard` writes the panels as Grafana's dashboard."""

import json
from pathlib import Path
from typing import Any

from monitoring.panels import ROWS
from monitoring.panels.panel import Panel

FILE = Path(__file__).parent / "grafana/provisioning/dashboards/seenit.json"
SCHEMA = 42  # of Grafana 12.2; later ones read it, and the one before it does too
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
TYPES = {"stat": "stat", "timeseries": "timeseries", "bars": "timeseries", "table": "table"}
HEIGHTS = {"stat": 4, "timeseries": 8, "bars": 8, "table": 8}
WIDTH = 24


def dashboard() -> dict[str, Any]:
    """Make the dashboard, in Grafana's classic model."""
    return {
        "uid": "seenit",
        "title": "Seenit",
        "description": "Is it keeping up, is it losing anything, is search fast, what is rejected?",
        "tags": ["seenit"],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,  # one crosshair over all
        "time": {"from": "now-3h", "to": "now"},
        "refresh": "30s",
        "timezone": "browser",
        "templating": {"list": [_source_variable()]},
        "annotations": {"list": [_firing()]},
        "links": [],
        "panels": _laid_out(),
    }


def _laid_out() -> list[dict[str, Any]]:
    """Lay the panels out, left to right and row by row."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row in ROWS:
        place = {"h": 1, "w": WIDTH, "x": 0, "y": y}
        head = {"type": "row", "title": row.title, "collapsed": False, "panels": []}
        panels.append({"id": len(panels) + 1, "gridPos": place, **head})
        x, y = 0, y + 1
        for panel in row.panels:
            height = HEIGHTS[panel.kind]
            if x + panel.width > WIDTH:
                x, y = 0, y + height
            place = {"h": height, "w": panel.width, "x": x, "y": y}
            panels.append({"id": len(panels) + 1, "gridPos": place, **_panel(panel)})
            x += panel.width
        y += height
    return panels


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": TYPES[panel.kind],
        "title": panel.title,
        "description": panel.why,
        "datasource": SOURCE,
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": expression,
                "legendFormat": legend or "__auto",
                "instant": panel.kind == "table",
                "range": panel.kind != "table",
                "format": "table" if panel.kind == "table" else "time_series",
                "editorMode": "code",
            }
            for number, (legend, expression) in enumerate(panel.queries.items())
        ],
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
        **({"transformations": [_without_time()]} if panel.kind == "table" else {}),
    }


def _field(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.bad_above is not None:
        steps.append({"color": "red", "value": panel.bad_above})
    field: dict[str, Any] = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": steps},
        "color": {"mode": "thresholds" if panel.kind == "stat" else "palette-classic"},
    }
    if panel.kind == "bars":
        field["custom"] = {
            "drawStyle": "bars",
            "fillOpacity": 80,
            "stacking": {"mode": "normal", "group": "A"},
        }
    if panel.kind == "timeseries":
        field["custom"] = {"drawStyle": "line", "fillOpacity": 8, "showPoints": "never"}
    return field


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "table":
        return {"showHeader": True}
    if panel.kind == "stat":
        last = {"calcs": ["lastNotNull"], "fields": "", "values": False}
        return {"reduceOptions": last, "colorMode": "value", "graphMode": "area"}
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
    return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}


def _without_time() -> dict[str, Any]:
    return {"id": "organize", "options": {"excludeByName": {"Time": True, "Value": True}}}


def _source_variable() -> dict[str, Any]:
    return {
        "type": "datasource",
        "name": "datasource",
        "label": "Prometheus",
        "query": "prometheus",
        "regex": "",
        "refresh": 1,
        "hide": 0,
        "includeAll": False,
        "multi": False,
        "options": [],
        "current": {},
    }


def _firing() -> dict[str, Any]:
    return {
        "name": "Alerts",
        "enable": True,
        "hide": False,
        "iconColor": "red",
        "datasource": SOURCE,
        "expr": 'ALERTS{alertname=~"Seenit.*", alertstate="firing"}',
        "titleFormat": "{{alertname}}",
        "tagKeys": "severity",
        "step": "60s",
    }


def written() -> str:
    """The file as it is to be."""
    return json.dumps(dashboard(), indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(written())
