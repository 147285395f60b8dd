"""Finding things in the files of a workspace, within bounds."""
