"""Passwords, random credentials and sealed values: plain functions, no database."""
