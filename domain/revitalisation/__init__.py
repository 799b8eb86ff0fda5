"""Revitalisation (盘活, 四(十一)): assets that lie idle or earn too little, and what becomes of them."""
