"""PDF documents: the text of their pages, filled forms, and what others wrote on them."""
