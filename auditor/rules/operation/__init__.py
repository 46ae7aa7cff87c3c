"""Rules about operation: components, monitoring, reliability, cost."""
