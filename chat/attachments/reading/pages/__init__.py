"""Pages: HTML as Markdown."""
