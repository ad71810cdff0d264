"""Charts of a page as SVG text, drawn by matplotlib from the page's JSON."""
