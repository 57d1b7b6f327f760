"""Transforms of functions: derivatives of any order, of functions of nested arrays."""
