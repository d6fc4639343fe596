"""`seenit worker`: from bucket notifications to known pictures."""

from contextlib import AsyncExitStack
from functools import partial

from seenit import options
from seenit.console import notes, told_plainly
from seenit.running import at_work, run
from shared.errors import ConfigurationError
from shared.settings import Settings
from shared.waiting import when_it_answers
from streams import worker as streams
from streams.kafka import kafka_address
from streams.parts import Adapters, open_adapters


def worker() -> None:
    """Index what bucket notifications tell of; as many workers as wanted share the work."""
    with told_plainly():
        settings = options.settings_for()
        kafka_address(settings.kafka_url)
        if not settings.storage_url.startswith("s3:"):
            raise ConfigurationError("SEENIT_STORAGE_URL", "set it, such as s3://host:9000")
        run(_work(settings))


async def _work(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        with notes.status("Loading the model"):
            adapters = await when_it_answers(partial(_opened, settings, stack))
        await streams.work(settings, adapters, at_work)


async def _opened(settings: Settings, stack: AsyncExitStack) -> Adapters:
    return await stack.enter_async_context(open_adapters(settings))
