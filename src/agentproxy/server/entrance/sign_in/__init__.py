"""People who sign in with Google: whose tokens count, and what becomes of the others."""
