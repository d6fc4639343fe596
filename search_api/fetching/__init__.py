"""Fetches pictures that strangers name by URL, and nothing that only this machine can reach."""
