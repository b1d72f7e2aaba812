"""Reading the pages of a database that others are using.

`take.take` is the entry; `fingerprint.unchanged` says that there is nothing to take. Nothing here knows of
jobs, repositories or asyncio, and nothing here runs in the parent process.
"""
