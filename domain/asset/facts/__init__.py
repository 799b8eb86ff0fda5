"""What is said of an asset: the facts its events hold, with the rules that judge each by itself."""
