"""From the model of a picture to SVG and Mermaid."""
