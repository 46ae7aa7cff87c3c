"""Many snapshots in one run: which are meant, how each comes out, and what they come to together."""
