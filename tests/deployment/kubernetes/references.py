"""What resources call one another by: names, labels, names of ports."""

from collections.abc import Iterator

from tests.deployment.kubernetes.manifests import Manifests, Resource


def dangling(resource: Resource, manifests: Manifests) -> Iterator[str]:
    """Tell what a resource leads to that is not there."""
    leads = LEADS.get(resource["kind"])
    return leads(resource["spec"], manifests) if leads else iter(())


def _ports(pods: list[Resource]) -> set[str]:
    return {
        port["name"]
        for pod in pods
        for container in pod["spec"]["containers"]
        for port in container.get("ports", ())
    }


def _service(spec: Resource, manifests: Manifests) -> Iterator[str]:
    pods = manifests.pods(spec["selector"])
    if not pods:
        yield "it selects no pods"
    wanted = {port["targetPort"] for port in spec["ports"]}
    yield from (f"its pods have no port {name}" for name in wanted - _ports(pods))


def _budget(spec: Resource, manifests: Manifests) -> Iterator[str]:
    if not manifests.pods(spec["selector"]["matchLabels"]):
        yield "it guards no pods"
    if not spec.get("maxUnavailable"):
        yield "it lets no pod go, so no node is ever drained"


def _scaler(spec: Resource, manifests: Manifests) -> Iterator[str]:
    target = manifests.named("Deployment", spec["scaleTargetRef"]["name"])
    if target is None:
        yield "it scales nothing"
    elif "replicas" in target["spec"]:
        yield "it and its Deployment both say how many there are"


def _policy(spec: Resource, manifests: Manifests) -> Iterator[str]:
    labels = spec["podSelector"].get("matchLabels", {})
    pods = manifests.pods(labels)
    if not pods:
        yield "it is about no pods"
    wanted = {port["port"] for rule in spec.get("ingress", ()) for port in rule.get("ports", ())}
    yield from (f"its pods have no port {name}" for name in wanted - _ports(pods))


def _monitor(spec: Resource, manifests: Manifests) -> Iterator[str]:
    wanted = spec["selector"]["matchLabels"].items()
    services = [s for s in manifests.of("Service") if wanted <= s["metadata"]["labels"].items()]
    ports = {port["name"] for service in services for port in service["spec"]["ports"]}
    if {end["port"] for end in spec["endpoints"]} != ports:
        yield "it watches no port of a Service"
    if {end["path"] for end in spec["endpoints"]} != {"/metrics"}:
        yield "it asks for another page than the one of the metrics"
    told = [
        manifests.settings(workload)
        for workload in manifests.workloads()
        if wanted <= workload["metadata"]["labels"].items()
    ]
    signs_in = all("authorization" in end for end in spec["endpoints"])
    if any("SEENIT_API_TOKENS" in each for each in told) and not signs_in:
        yield "it is let in by no token"


LEADS = {
    "Service": _service,
    "PodDisruptionBudget": _budget,
    "HorizontalPodAutoscaler": _scaler,
    "ScaledObject": _scaler,
    "NetworkPolicy": _policy,
    "ServiceMonitor": _monitor,
}
