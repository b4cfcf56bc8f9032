"""One conversation turn: callbacks, the model, the history, what the page is told."""
