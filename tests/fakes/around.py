"""What is put around a real part: faults, pauses and counts that it cannot be told to have."""

import asyncio
import inspect
import itertools
import threading
from collections import Counter

from shared.errors import TransientError


class Faulty:
    """A part of which one call of `method` raises `fault`, before or after it has done its work."""

    def __init__(self, part, method: str, when: str, fault: BaseException) -> None:
        self._part = part
        self._method = method
        self._when = when
        self._fault = fault
        self._calls = itertools.count()
        self.struck = False

    def __getattr__(self, name):
        real = getattr(self._part, name)
        if name != self._method:
            return real

        def strike(moment: str) -> None:
            if moment == self._when and next(self._calls) == 0:
                self.struck = True
                raise self._fault

        def call(*arguments, **named):
            strike("before")
            answer = real(*arguments, **named)
            strike("after")
            return answer

        async def call_async(*arguments, **named):
            strike("before")
            answer = await real(*arguments, **named)
            strike("after")
            return answer

        return call_async if inspect.iscoroutinefunction(real) else call


class Stopped:
    """A part that stands still after the nth call of `method`, until told to go on."""

    def __init__(self, part, method: str, nth: int = 1) -> None:
        self._part = part
        self._method = method
        self._nth = nth
        self._calls = itertools.count(1)
        self.reached = threading.Event()
        self.go_on = threading.Event()

    def __getattr__(self, name):
        real = getattr(self._part, name)
        if name != self._method:
            return real

        def stop() -> None:
            if next(self._calls) == self._nth:
                self.reached.set()
                self.go_on.wait(120)

        def call(*arguments, **named):
            answer = real(*arguments, **named)
            stop()
            return answer

        async def call_async(*arguments, **named):
            answer = await real(*arguments, **named)
            await asyncio.to_thread(stop)
            return answer

        return call_async if inspect.iscoroutinefunction(real) else call


class Counted:
    """A part that counts the calls of each method."""

    def __init__(self, part) -> None:
        self._part = part
        self.calls: Counter[str] = Counter()

    def __getattr__(self, name):
        self.calls[name] += 1
        return getattr(self._part, name)


class Interposed:
    """A part that runs `hook` once, after its first call of `method`."""

    def __init__(self, part, method: str, hook) -> None:
        self._part = part
        self._method = method
        self._hook = hook

    def __getattr__(self, name):
        real = getattr(self._part, name)
        if name != self._method:
            return real

        def call(*arguments, **named):
            answer = real(*arguments, **named)
            hook, self._hook = self._hook, None
            if hook is not None:
                hook()
            return answer

        return call


class CutOff:
    """A store whose listing of one bucket breaks off after so many objects."""

    def __init__(self, store, bucket: str, after: int) -> None:
        self._store = store
        self._bucket = bucket
        self._after = after

    def __getattr__(self, name):
        return getattr(self._store, name)

    def list(self, bucket, prefix=""):
        for n, stat in enumerate(self._store.list(bucket, prefix)):
            if bucket == self._bucket and n == self._after:
                raise TransientError("store", "the line is cut")
            yield stat
