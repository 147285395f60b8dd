"""What stands before every route. The guard comes first: hosts, origins, the key, sizes, how often.

Behind it stands the door of `sign_in/`, where people sign in.
"""
