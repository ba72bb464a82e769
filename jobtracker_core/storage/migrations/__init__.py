"""How the tables came to be what they are."""

REVISIONS = (
    *("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010"),
    *("0011", "0012"),
)
"""All revisions, oldest first: known without loading Alembic. A new one is added here too."""
