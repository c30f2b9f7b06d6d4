"""For tests and development: made-up rows, transactions that never stay, seed data, cleaning up, end-to-end tests."""
