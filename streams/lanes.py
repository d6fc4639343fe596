"""The messages of one partition during one assignment of it: taken, settled, acknowledged."""

from collections.abc import Callable
from dataclasses import dataclass, field

from streams.watermark import Watermark


@dataclass(frozen=True, slots=True)
class Message:
    """A message as it came from Kafka.

    Attributes:
        generation: counts the assignments of partitions to workers.
        acknowledge: to be called once, in order, when it need not come again.
    """

    topic: str
    partition: int
    offset: int
    generation: int
    key: bytes | None
    value: bytes | None
    acknowledge: Callable[[], object]

    @property
    def size(self) -> int:
        """How many bytes it holds in memory."""
        return len(self.key or b"") + len(self.value or b"")


@dataclass(slots=True)
class Lane:
    """One partition during one assignment of it to this worker.

    Attributes:
        generation: of the assignment.
        taking: more messages are taken up.
        size: bytes of the messages that are not acknowledged.
    """

    generation: int
    taking: bool = True
    size: int = 0
    _revoked: bool = False
    _watermark: Watermark = field(default_factory=Watermark)
    _messages: dict[int, Message] = field(default_factory=dict)

    def take(self, message: Message) -> bool:
        """Take a message up; False for one that was taken already."""
        if not self._watermark.take(message.offset):
            return False
        self._messages[message.offset] = message
        self.size += message.size
        return True

    def done(self, message: Message) -> None:
        """Acknowledge what need not come again, unless another worker has the partition by now."""
        for offset in self._watermark.done(message.offset):
            ready = self._messages.pop(offset)
            self.size -= ready.size
            if not self._revoked:
                ready.acknowledge()

    def close(self) -> None:
        """Take up no more, and acknowledge nothing from now on."""
        self.taking, self._revoked = False, True

    @property
    def in_flight(self) -> int:
        """How many messages are taken up and not acknowledged."""
        return len(self._messages)

    @property
    def position(self) -> int | None:
        """The first offset not acknowledged; None where nothing was taken up yet."""
        return self._watermark.position
