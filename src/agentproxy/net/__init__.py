"""HTTP/1.1 as our proxies read and write it, over h11: strict, bounded in bytes and in time."""
