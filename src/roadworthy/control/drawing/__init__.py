"""Charts as SVG, time axes, and figures as people read them."""
