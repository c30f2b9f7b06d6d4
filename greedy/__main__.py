"""`python -m greedy` is the command `greedy`."""

import signal


def main() -> None:
    """Load the program and run the command of the command line. Interrupted while it loads, the process just ends: nothing has begun."""
    asked = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # or somebody wants interrupts to be ignored
    if asked:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from greedy.cli.main import main as run

    if asked:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


if __name__ == "__main__":
    main()
