"""A worked solution of each exercise, in a file of its own: plain code, with the reason beside each step."""
