"""Whether someone has a file open for writing, where the system can tell (Linux)."""

import errno
import signal
import sys

if sys.platform == "linux":
    import fcntl

    def is_being_written(descriptor: int) -> bool:
        """Tell whether any process has the file open for writing.

        A read lease is granted only while nobody has (fcntl(2), "Leases"). Where leases are not to
        be had (another's file, a network file system) the answer is no, and the caller relies on
        the file's having settled.
        """
        try:
            # Whoever opens the file while the lease is held waits for us, and we are sent a signal:
            # SIGIO, which would end the process, unless it is one that nobody minds.
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False

else:

    def is_being_written(descriptor: int) -> bool:  # noqa: ARG001 - one signature everywhere
        """Answer no: this system cannot tell; the caller relies on the file's having settled."""
        return False
