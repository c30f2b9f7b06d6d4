"""ROOM 1: problem, roster, rules, check and result. Pure: no input or output, no clock, no solver."""
