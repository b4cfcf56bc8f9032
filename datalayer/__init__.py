"""What is kept: the Store contract, writes as values, the writer, and the one Chainlit layer."""
