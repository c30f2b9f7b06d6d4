"""Data in: Excel workbooks and source records of other systems into the tables of a practice, with runs, change detection and quality."""
