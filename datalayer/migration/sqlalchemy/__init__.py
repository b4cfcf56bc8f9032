"""Adoption: tables of Chainlit's SQLAlchemy layer become ours."""
