"""Facts of an asset, as its events hold them, with the rules that judge each by itself."""
