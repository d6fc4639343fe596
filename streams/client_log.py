"""What Kafka's client says, and what of that an operator is told."""

import logging

log = logging.getLogger(__name__)

_COORDINATOR = "aiokafka.consumer.group_coordinator"
_JOINING = ("Attempt to join group", "Unexpected error in join group")


class JoinRefusals(logging.Handler):
    """Passes on why a worker may not join its group: nothing else would tell."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell it in the operator's words."""
        if record.name == _COORDINATOR and str(record.msg).startswith(_JOINING):
            log.error(
                "Kafka lets this worker not join its group (%s); "
                "does another program use the same SEENIT_CONSUMER_GROUP?",
                record.getMessage(),
            )


def hush_kafkas_client() -> None:
    """Leave it to us to say that Kafka is away; its client says so ten times a second."""
    for name in ("aiokafka", "mode.timers"):
        client = logging.getLogger(name)
        client.propagate = False
        client.handlers = [JoinRefusals()]
