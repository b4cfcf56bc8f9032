"""The import of Chainlit's official layer: its tables are read, and written through any `Store`."""
