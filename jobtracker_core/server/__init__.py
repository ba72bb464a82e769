"""The server: API and portal, alone or inside somebody else's Litestar app."""
