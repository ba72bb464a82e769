"""How the tables came to be what they are."""

REVISIONS = tuple(f"{number:04}" for number in range(1, 14))
"""All revisions, oldest first: known without loading Alembic. A new one is added here too."""
