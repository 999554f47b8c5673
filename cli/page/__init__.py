"""The HTML report of one molecule, part by part; `document` puts them together."""
