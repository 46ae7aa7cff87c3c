"""Rules that say nothing of their own: a baseline says which part, which property and which value."""
