"""The layers that are compared, each over its own database, all asked like Chainlit asks them."""
