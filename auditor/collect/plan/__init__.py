"""What to read next: scopes, lists and the documents that they lead to."""
