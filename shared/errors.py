"""The error tree: what may pass if one waits, what never will, and what the operator must mend."""

from enum import StrEnum


class SeenitError(Exception):
    """Anything that Seenit raises on purpose."""


class TransientError(SeenitError):
    """A part does not answer now; the same call may succeed later: it is repeated, never rejected.

    Attributes:
        part: the part that failed: `store`, `catalog`, `index`, `kafka`, `model` or `decoder`.
        retry_after: seconds after which trying again makes sense; the API's Retry-After.
    """

    def __init__(self, part: str, detail: str, retry_after: float = 5.0) -> None:
        super().__init__(f"{part}: {detail}")
        self.part = part
        self.retry_after = retry_after


class ImageUnclaimed(TransientError):  # noqa: N818 - names a state of the image, not a fault
    """An image is being collected, or was never claimed: repeating the call alone mends nothing.

    Once the collection is over the image is to be claimed, embedded and written anew.
    """

    def __init__(self) -> None:
        detail = "an image was not claimed, or is being collected"
        super().__init__("catalog", detail, retry_after=1.0)


class ObjectChanging(SeenitError):  # noqa: N818 - names a state of the object, not a fault
    """The object is being written right now; look again in a moment."""


class ObjectGone(SeenitError):  # noqa: N818 - names a state of the object, not a fault
    """The object is no longer in the store; whatever an event said, it is removed."""


class Reason(StrEnum):
    """Why an object can never be indexed as it is; the words users see and filter by."""

    EMPTY = "empty"
    NOT_A_PICTURE = "not_a_picture"
    UNSUPPORTED_FORMAT = "unsupported_format"
    BROKEN = "broken"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_BYTES = "too_many_bytes"
    DECODER_CRASHED = "decoder_crashed"
    DECODER_TIMEOUT = "decoder_timeout"
    DECODER_MEMORY = "decoder_memory"
    NOT_A_FILE = "not_a_file"
    OUTSIDE_FOLDER = "outside_folder"
    UNREADABLE = "unreadable"
    BAD_KEY = "bad_key"
    UNEXPECTED = "unexpected"


class Rejected(SeenitError):  # noqa: N818 - names the outcome of the same word
    """The object's own fault, for ever: it becomes a rejection with its reason, never a crash.

    Attributes:
        reason: the category.
        detail: one sentence for a person.
    """

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


class ConfigurationError(SeenitError):
    """The operator asked for something that cannot be; the command line exits with 2.

    Attributes:
        option: the setting or option at fault, by its name.
    """

    def __init__(self, option: str, problem: str) -> None:
        super().__init__(f"{option}: {problem}")
        self.option = option
