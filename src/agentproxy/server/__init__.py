"""The network face: one application with the routes of all faces."""
