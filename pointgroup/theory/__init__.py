"""Point groups, exact character tables and the algebra of representations."""
