"""`python -m k8s.rules`: the rules of monitoring/ as Prometheus's operator wants them."""

from pathlib import Path
from typing import Any

import yaml

SOURCE = Path("monitoring/prometheus/rules")
TARGET = Path("k8s/components/monitoring/rules.yaml")


def manifest(root: Path) -> str:
    """Write the rules as one PrometheusRule.

    Args:
        root: of the checkout.
    """
    groups: list[dict[str, Any]] = []
    for file in sorted((root / SOURCE).glob("*.yml")):
        groups += yaml.safe_load(file.read_text(encoding="utf-8"))["groups"]
    rule = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "seenit"},
        "spec": {"groups": groups},
    }
    told = "# Made from monitoring/prometheus/rules by `make manifests`; change it there.\n"
    return told + yaml.safe_dump(rule, sort_keys=False, width=100, allow_unicode=True)


if __name__ == "__main__":
    TARGET.write_text(manifest(Path()), encoding="utf-8")
