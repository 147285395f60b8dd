"""Creates, hosts, lists and deletes conversations."""
