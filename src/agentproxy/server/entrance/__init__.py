"""What stands before every route: hosts, origins, keys, and the size of what comes."""
