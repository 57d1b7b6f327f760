"""Meeting other people's code: NumPy's protocols, and the array API standard."""
