"""Who may come in, what they may touch, and the guard around Chainlit's own routes."""
