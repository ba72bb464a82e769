"""Searching: what words a text is made of, and what a query asks for. Pure functions."""
