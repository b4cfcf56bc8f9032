"""Rich text, as WordPad, Word, TextEdit and LibreOffice write it."""
