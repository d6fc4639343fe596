"""Waiting out the trouble of a part."""

import stamina

from shared.errors import ImageUnclaimed, TransientError

patiently = stamina.AsyncRetryingCaller(
    attempts=None, timeout=None, wait_initial=0.1, wait_max=15.0
).on(lambda fault: isinstance(fault, TransientError) and not isinstance(fault, ImageUnclaimed))
"""Calls until the part answers: for ever, with jittered backoff. A fault is never a rejection."""
