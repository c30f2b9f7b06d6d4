"""Who may work on the page, and what keeps others out."""
