"""Hessian, dipole and polarizability derivatives by the cheapest route.

`routes` chooses and runs; `displacements` and `fields` plan which gradients are needed,
`points` computes them, `reconstruction` rotates them to the whole molecule.
"""
