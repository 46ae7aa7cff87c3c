"""What changed between two snapshots, by meaning."""
