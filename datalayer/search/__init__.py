"""What a search asks for, the form in which it is compared, and what is shown of a text. Pure."""
