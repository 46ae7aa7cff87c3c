"""From an estate and its findings to the model of a picture."""
