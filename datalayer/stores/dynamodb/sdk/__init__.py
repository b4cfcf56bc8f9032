"""The SDK's client: where the table is, calls, and what goes wrong with them."""
