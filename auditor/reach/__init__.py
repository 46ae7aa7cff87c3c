"""What can be reached from where, hop by hop, with a packet as proof."""
