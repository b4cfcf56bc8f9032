"""From one store or storage of Keepchat's to another, and the comparison of both."""
