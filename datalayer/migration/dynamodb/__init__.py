"""Tables of Chainlit's DynamoDB layer: read, and written through any `Store`."""
