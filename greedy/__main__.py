"""`python -m greedy` is the command `greedy`."""

from greedy.cli.main import main

main()
