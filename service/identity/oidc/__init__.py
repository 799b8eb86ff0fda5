"""Signing in at the county's identity provider (统一身份认证, OpenID Connect), and access tokens that it gives to systems."""
