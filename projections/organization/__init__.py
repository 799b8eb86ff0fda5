"""The directory of divisions, units, posts and persons; what units have in place."""
