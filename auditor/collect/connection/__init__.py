"""Where Azure is and how it is reached: cloud, credential, TLS transport."""
