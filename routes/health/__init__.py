"""What whoever watches over the program asks: whether it lives, is ready, and how it does."""
