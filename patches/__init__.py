"""Every change that we make to Chainlit."""
