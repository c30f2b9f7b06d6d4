"""The page: rosters to look at, to change and to have planned, in a browser."""
