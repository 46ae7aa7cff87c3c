"""The picture of the estate."""
