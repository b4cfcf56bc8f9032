"""Every change that we make to Chainlit, as one list: `catalogue.PATCHES`."""
