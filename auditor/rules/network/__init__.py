"""Rules about networks: entry, segmentation, security groups, private link, public access."""
