"""Which route a packet follows, and what gives it a way to the Internet."""
