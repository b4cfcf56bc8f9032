"""Adopts a database of Chainlit's own SQLAlchemy layer: docs/adr/0011-adoption-by-copy.md."""
