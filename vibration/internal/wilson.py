"""Values of internal coordinates and their first derivatives, many at a time.

Each gradient is the chain rule through two or three unit vectors, written from the value
back to the positions (reverse accumulation). Only sums, products, quotients and square roots
of sums of squares occur, so the functions accept complex positions: their imaginary part for
a step i·10⁻³⁰ along a direction is the exact directional derivative of the gradient, without
cancellation. `second` uses this (W. Squire, G. Trapp, *SIAM Rev.* 40 (1998) 110).

Source of the coordinates: E. B. Wilson, J. C. Decius, P. C. Cross, *Molecular Vibrations*
(1955), section 4-1. Linear bends: the components of the vector e_ji + e_jk across the line.

Shapes: a function gets positions (k, m, 3), the k positions of each of m coordinates of one
kind, in Å, and returns values (m,) in Å or rad, or gradients (k, m, 3).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
"""Real, or complex in a complex-step derivative."""


def stretch_value(x: Array) -> Array:
    """Distance of two sites, Å."""
    return _length(x[0] - x[1])[..., 0]


def stretch_gradient(x: Array) -> Array:
    """Gradient of `stretch_value`."""
    unit = _unit(x[0] - x[1])
    return np.stack([unit, -unit])


def bend_value(x: Array) -> Array:
    """Angle between the lines from the middle site to the two others, 0 to π."""
    u, v = _unit(x[0] - x[1]), _unit(x[2] - x[1])
    return np.asarray(np.arctan2(_length(_cross(u, v))[..., 0], _dot(u, v)[..., 0]))


def bend_gradient(x: Array) -> Array:
    """Gradient of `bend_value`; undefined where the three sites lie on a line."""
    r, s = x[0] - x[1], x[2] - x[1]
    u, v = _unit(r), _unit(s)
    cosine = _dot(u, v)
    sine = _length(_cross(u, v))
    first = (cosine * u - v) / (_length(r) * sine)
    last = (cosine * v - u) / (_length(s) * sine)
    return np.stack([first, -first - last, last])


def linear_values(x: Array) -> Array:
    """(2, m): components of e_ji + e_jk in the plane of the reference and across it, rad.

    ``x[3]`` minus ``x[1]`` is the reference direction.
    """
    u, w, p = _linear_frame(x)
    return np.stack([_dot(u, p)[..., 0], _dot(w, p)[..., 0]])


def linear_frame(x: Array) -> Array:
    """(m, 2, 3): the directions of the two components of a linear bend."""
    u, w, _ = _linear_frame(x)
    return np.stack([u, w], axis=1)


def linear_gradients(x: Array) -> Array:
    """(2, 4, m, 3): gradients of the two components of `linear_values`."""
    r, s, d, c = x[0] - x[1], x[2] - x[1], x[2] - x[0], x[3] - x[1]
    e, f, a = _unit(r), _unit(s), _unit(d)
    p = e + f
    across = c - a * _dot(a, c)
    n = _length(across)
    u = across / n
    out = []
    for component in (0, 1):
        # adjoints of p, u and a: q0 = u·p, q1 = (a × u)·p
        p_bar = u if component == 0 else _cross(a, u)
        u_bar = p if component == 0 else _cross(p, a)
        a_bar = np.zeros_like(p) if component == 0 else _cross(u, p)
        across_bar = (u_bar - u * _dot(u, u_bar)) / n
        along = _dot(a, across_bar)
        c_bar = across_bar - a * along
        a_bar = a_bar - across_bar * _dot(a, c) - c * along
        d_bar = _through_unit(a_bar, a, d)
        r_bar, s_bar = _through_unit(p_bar, e, r), _through_unit(p_bar, f, s)
        out.append(np.stack([r_bar - d_bar, -r_bar - s_bar - c_bar, s_bar + d_bar, c_bar]))
    return np.stack(out)


def torsion_value(x: Array) -> Array:
    """Dihedral angle, −π to π, positive if the far bond is turned clockwise (IUPAC)."""
    r, s, t = x[1] - x[0], x[2] - x[1], x[3] - x[2]
    m, n = _cross(r, s), _cross(s, t)
    return np.asarray(np.arctan2((_length(s) * _dot(r, n))[..., 0], _dot(m, n)[..., 0]))


def torsion_gradient(x: Array) -> Array:
    """Gradient of `torsion_value` (A. Blondel, M. Karplus, J. Comput. Chem. 17 (1996) 1132)."""
    f, g, h = x[0] - x[1], x[1] - x[2], x[3] - x[2]
    a, b = _cross(f, g), _cross(h, g)
    length = _length(g)
    a2, b2 = _dot(a, a), _dot(b, b)
    first, last = -length / a2 * a, length / b2 * b
    turn = _dot(f, g) / (a2 * length) * a - _dot(h, g) / (b2 * length) * b
    return np.stack([first, -first + turn, -last - turn, last])


def wag_value(x: Array) -> Array:
    """Angle of the bond from the centre ``x[1]`` to ``x[0]`` with the plane of the others."""
    u, v, w = (_unit(x[i] - x[1]) for i in (0, 2, 3))
    return np.asarray(np.arcsin(np.clip(_dot(u, _unit(_cross(v, w)))[..., 0], -1.0, 1.0)))


def wag_gradient(x: Array) -> Array:
    """Gradient of `wag_value`; undefined where the two other bonds lie on a line."""
    r, s, t = x[0] - x[1], x[2] - x[1], x[3] - x[1]
    u, normal = _unit(r), _cross(s, t)
    n = _unit(normal)
    sine = _dot(u, n)
    scale = 1 / np.sqrt(1 - sine * sine)
    r_bar = scale * _through_unit(n, u, r)
    normal_bar = scale * _through_unit(u, n, normal)
    s_bar, t_bar = _cross(t, normal_bar), _cross(normal_bar, s)
    return np.stack([r_bar, -r_bar - s_bar - t_bar, s_bar, t_bar])


def _through_unit(adjoint: Array, unit: Array, vector: Array) -> Array:
    """Adjoint of a vector from the adjoint of its unit vector."""
    return np.asarray((adjoint - unit * _dot(unit, adjoint)) / _length(vector))


def _linear_frame(x: Array) -> tuple[Array, Array, Array]:
    a, c = _unit(x[2] - x[0]), x[3] - x[1]
    u = _unit(c - a * _dot(a, c))
    return u, _cross(a, u), _unit(x[0] - x[1]) + _unit(x[2] - x[1])


def _dot(a: Array, b: Array) -> Array:
    """Scalar product without conjugation, the axis kept."""
    return np.asarray(np.einsum("...i,...i->...", a, b)[..., None])


def _length(a: Array) -> Array:
    return np.asarray(np.sqrt(_dot(a, a)))


def _unit(a: Array) -> Array:
    return np.asarray(a / _length(a))


def _cross(a: Array, b: Array) -> Array:
    """Vector product; `numpy.cross` spends most of its time on checking shapes."""
    out = np.empty(np.broadcast_shapes(a.shape, b.shape), np.result_type(a, b))
    out[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    out[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    out[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return out
