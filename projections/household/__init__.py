"""The household register, and what a household has of the assets."""
