"""The point group of a geometry."""
