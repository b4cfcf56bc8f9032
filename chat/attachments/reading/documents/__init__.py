"""Documents of the world beside Office: of LibreOffice, rich text, books and notebooks."""
