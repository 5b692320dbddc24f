"""Engines of a package of its own, as docs/add-an-engine.md describes them."""
