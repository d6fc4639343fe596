"""On the path of a worker, this makes its decoding processes crash on pictures that say so.

No real picture is known that crashes today's decoders, so the crash is brought about; the process
that dies, and all that its parent then does, are the product's own.
"""

import os
import signal
import sys

CRASH = b" crash whoever decodes this "

if "shared.images.child" in sys.orig_argv:
    from shared.images import decoding

    real = decoding.decode

    def decode(data, **options):
        if CRASH in data:
            os.kill(os.getpid(), signal.SIGSEGV)
        return real(data, **options)

    decoding.decode = decode
