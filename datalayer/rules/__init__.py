"""What writes mean. Pure: no driver, no Chainlit."""
