"""What is allowed. Pure: a request and a policy in, a decision out."""
