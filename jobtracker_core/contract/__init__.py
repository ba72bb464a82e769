"""The contract between the core and its plugins: all that a plugin may import."""
