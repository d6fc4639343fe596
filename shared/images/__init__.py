"""Bounded decoding of untrusted pictures, in processes of their own."""
