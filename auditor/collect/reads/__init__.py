"""What can be read: one recipe a kind of read, and one question about one place."""
