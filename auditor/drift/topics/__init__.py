"""One module a topic of comparison."""
