"""`pa chat`: a conversation at a terminal, from a pipe, or for one message."""
