"""What the report counts, weighs and recommends: each figure from the problem and the roster, without another figure."""
