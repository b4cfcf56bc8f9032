"""From Chainlit's own layers: `sqlalchemy` is adopted in place, `official` is imported."""
