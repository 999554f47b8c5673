"""What a vibrational spectrum determines. This room is still empty.

It will hold the parametrisation of force fields, the rank of the observables
(exact and numerical), null force fields, the choice of isotopologues to
measure next, and bounds.
"""
