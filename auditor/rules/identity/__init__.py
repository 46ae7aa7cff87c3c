"""Rules about identities, role assignments and sign-in."""
