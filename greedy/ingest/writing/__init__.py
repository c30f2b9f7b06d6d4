"""Rows of declared entity types into a database, in one transaction, with violations told apart."""
