"""Is this delivery the provider's? Five families, each on the raw bytes, each told by one Verifier.

Whatever is wrong with the headers, signatures, times or keys is InvalidSignature, never another error: these come
from anybody. Every comparison with a secret takes the same time wherever the difference is.
"""
