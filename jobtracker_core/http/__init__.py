"""The polite way to a site: pace, transport, reading of refusals, capture and replay."""
