"""Excel workbooks: a roster with all that belongs to it, in and out, and the rows of single sheets."""
