"""The index of the search: how it is asked, made, and kept up."""
