"""Rules about data: content filters, keys and who controls them."""
