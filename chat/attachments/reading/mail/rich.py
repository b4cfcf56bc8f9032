"""Rich text as Outlook keeps it, packed."""


def packed_text(packed: bytes) -> str:
    """Return what is written in rich text that is packed; empty where there is none."""
    if not packed:
        return ""
    import compressed_rtf

    from chat.attachments.reading.documents.rtf import document

    return document.to_text(compressed_rtf.decompress(packed))
