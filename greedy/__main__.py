"""`python -m greedy` is the command `greedy`."""

import os
import signal


def main() -> None:
    """Load the program and run the command of the command line. Asked to end while it loads, the process just ends: nothing has begun."""
    asked = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # or somebody wants interrupts to be ignored
    if asked:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))  # by default process 1 of a container would not hear it
    from greedy.cli.main import main as run

    if asked:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
