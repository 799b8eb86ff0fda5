"""The managed asset: its register card, title, rights, use, custody, contracts, income and disposal."""
