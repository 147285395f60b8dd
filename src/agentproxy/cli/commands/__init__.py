"""The commands of `pa`, a file each."""
