"""Who acts: persons who sign in, systems with credentials of their own, and what was granted to them."""
