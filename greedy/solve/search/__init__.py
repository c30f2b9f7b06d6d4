"""Search by whole schedules of one employee: for rosters with one daypart whose rules, all but demand, concern each employee alone.

An exact kernel finds the best schedule of one employee for given prices of cells (kernel). Around it: price coordination, which makes good
rosters at once (coordinate); column generation over whole schedules, whose bound is a certificate (columns); dives, which round its
fractions (dive); re-planning of some employees while the others stay (neighbourhood); branching, which proves (branch).
"""
