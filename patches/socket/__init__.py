"""What Chainlit does with sockets: who comes, what is said, and who hears of it."""
