"""Kustomize's base, components and overlays; and what writes the part of them that is made."""
