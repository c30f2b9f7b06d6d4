"""The command line: thin commands that parse, call, print, and choose the exit code."""
