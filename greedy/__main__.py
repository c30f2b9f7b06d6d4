"""`python -m greedy` is the command `greedy`."""

import atexit
import gc
import os
import signal


def main() -> None:
    """Load the program and run the command of the command line. Asked to end while it loads, the process just ends: nothing has begun."""
    asked = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # or somebody wants interrupts to be ignored
    if asked:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))  # by default process 1 of a container would not hear it
    atexit.register(gc.freeze)  # a process that ends need not look through all that it has loaded for what it may free
    from greedy.cli.main import main as run

    if asked:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
