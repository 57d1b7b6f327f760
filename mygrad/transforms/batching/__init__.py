"""Arrays with one axis more than they show, as an array library: what `mygrad.vmap` computes with.

`array` has the arrays, `adapter` what mygrad asks of their library, and the other modules have the
rules: how a function of arrays becomes one of batches. `vmap` is the public function.
"""
