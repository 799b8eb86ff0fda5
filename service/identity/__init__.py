"""Identity: officials with their grants and sessions, sign-in by password and second factor or by a provider (D10)."""
