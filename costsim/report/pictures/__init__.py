"""Static pictures for papers and slides, as PNG and SVG."""
