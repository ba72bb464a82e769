"""The JSON API: handlers, and errors as problem details. Structs go out as they are stored."""
