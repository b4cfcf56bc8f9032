"""Where the bytes of files are kept. Knows its SDKs, neither Chainlit nor the data layer."""
