"""Certificates: what somebody else needs to check a verdict without this program (docs/proofs.md)."""
