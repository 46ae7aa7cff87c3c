"""One module a family of requirements; the list of every rule stands below, written by hand."""
