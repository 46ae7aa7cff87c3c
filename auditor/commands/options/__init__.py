"""Options that several commands share, and how their results are written."""
