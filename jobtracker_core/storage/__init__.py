"""The database: the only package that imports SQLAlchemy. Rows leave it as frozen Structs."""
