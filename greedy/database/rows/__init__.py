"""Rows of any table by table and column names: fetched, written in bulk, cloned; values as their columns take them."""
