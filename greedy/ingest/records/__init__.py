"""Records of other systems, kept as they are given: runs, change detection, and the three kinds of step."""
