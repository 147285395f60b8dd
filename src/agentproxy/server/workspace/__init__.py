"""The files of a workspace, as far as a client may see and add them."""
