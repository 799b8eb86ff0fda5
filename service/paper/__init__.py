"""The document store (资料存档, 四(六)): papers by the digest of their content, which is what events name them by."""
