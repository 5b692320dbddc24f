"""Sample package with one engine of each kind, made as docs/add-an-engine.md describes."""
