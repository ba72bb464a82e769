"""Servers and parsers as people write them, to measure ours against."""
