/* The inner loops of detection for small molecules, as in kernels.py, where they are
 * described. Arrays come as buffers: float64, np.intp (Py_ssize_t) and int64, C-contiguous.
 * Their shapes are checked here and every index before it is used. Nothing is kept between
 * calls, and the callers bound the work of one call, so that the GIL need not be released.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef double Vector[3];
typedef double Matrix[3][3];

/* ---- arguments ---- */

typedef enum { REAL, INDEX, SIGN } Kind;

static const char *const NAMES[] = {"float64", "intp", "int64"};

/* A view of a C-contiguous array of one kind with `ndim` dimensions; -1 and an error if the
 * object is none. Lengths in `shape` that are not negative are demanded, others filled in. */
static int
view_of(PyObject *object, Py_buffer *view, Kind kind, int ndim, Py_ssize_t *shape, int writable)
{
    int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
    if (PyObject_GetBuffer(object, view, flags) < 0)
        return -1;
    const char *format = view->format ? view->format : "B";
    const Py_ssize_t sizes[] = {sizeof(double), sizeof(Py_ssize_t), sizeof(int64_t)};
    int same = view->ndim == ndim && view->itemsize == sizes[kind]
               && strchr(kind == REAL ? "d" : "ilqn", format[0]) && format[0] && !format[1];
    for (int k = 0; same && k < ndim; k++) {
        if (shape[k] < 0)
            shape[k] = view->shape[k];
        same = view->shape[k] == shape[k];
    }
    if (same)
        return 0;
    PyBuffer_Release(view);
    PyErr_Format(PyExc_ValueError, "an array of another shape or type than the %s needed",
                 NAMES[kind]);
    return -1;
}

static void
release(Py_buffer *views, int count)
{
    while (count-- > 0)
        PyBuffer_Release(&views[count]);
}

static int
outside(Py_ssize_t atom, Py_ssize_t n_atoms)
{
    if (atom >= 0 && atom < n_atoms)
        return 0;
    PyErr_Format(PyExc_IndexError, "atom %zd of %zd", atom, n_atoms);
    return 1;
}

/* ---- vectors ---- */

static double
dot(const double *u, const double *v)
{
    return u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
}

static double
squared_distance(const double *u, const double *v)
{
    Vector d = {u[0] - v[0], u[1] - v[1], u[2] - v[2]};
    return dot(d, d);
}

static void
cross(const double *u, const double *v, double *out)
{
    out[0] = u[1] * v[2] - u[2] * v[1];
    out[1] = u[2] * v[0] - u[0] * v[2];
    out[2] = u[0] * v[1] - u[1] * v[0];
}

static void
normalise(double *u)
{
    double length = sqrt(dot(u, u));
    for (int k = 0; k < 3; k++)
        u[k] /= length;
}

/* ---- the maps of the pair ---- */

/* Rows: the first vector, the one across it in their plane, the normal times the sign. */
static void
frame_of(const double *first, const double *second, double sign, Matrix out)
{
    memcpy(out[0], first, sizeof(Vector));
    normalise(out[0]);
    cross(out[0], second, out[2]);
    normalise(out[2]);
    cross(out[2], out[0], out[1]);
    for (int k = 0; k < 3; k++)
        out[2][k] *= sign;
}

static PyObject *
pair_matrices(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *objects[4], *result = NULL;
    Py_ssize_t a, b;
    int done = 0;
    if (!PyArg_ParseTuple(args, "OnnOOO", &objects[0], &a, &b, &objects[1], &objects[2],
                          &objects[3]))
        return NULL;
    Py_buffer views[4];
    Py_ssize_t atoms[] = {-1, 3}, rows[] = {-1, 2}, cubes[] = {-1, 3, 3};
    if (view_of(objects[0], &views[done], REAL, 2, atoms, 0) < 0
        || (done++, view_of(objects[1], &views[done], INDEX, 2, rows, 0) < 0)
        || (done++, view_of(objects[2], &views[done], SIGN, 1, rows, 0) < 0)
        || (done++, cubes[0] = rows[0],
            view_of(objects[3], &views[done], REAL, 3, cubes, 1) < 0))
        goto end;
    done++;
    const Vector *positions = views[0].buf;
    const Py_ssize_t(*images)[2] = views[1].buf;
    const int64_t *signs = views[2].buf;
    Matrix *out = views[3].buf, here, there;
    if (outside(a, atoms[0]) || outside(b, atoms[0]))
        goto end;
    frame_of(positions[a], positions[b], 1, here);
    for (Py_ssize_t m = 0; m < rows[0]; m++) {
        if (outside(images[m][0], atoms[0]) || outside(images[m][1], atoms[0]))
            goto end;
        frame_of(positions[images[m][0]], positions[images[m][1]], (double)signs[m], there);
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++)
                out[m][i][j] = there[0][i] * here[0][j] + there[1][i] * here[1][j]
                               + there[2][i] * here[2][j];
    }
    result = Py_NewRef(Py_None);
end:
    release(views, done);
    return result;
}

/* ---- the atoms that a map matches ---- */

/* The atoms with those of one kind together. */
typedef struct {
    Vector position;
    Py_ssize_t atom;
    Py_ssize_t first, end; /* where its kind starts and ends */
} Site;

static void
sort_by_kind(Py_ssize_t n_atoms, const Vector *positions, const Py_ssize_t *kinds, Site *sites)
{
    Py_ssize_t end = 0;
    for (Py_ssize_t i = 0; i < n_atoms; i++) {
        Py_ssize_t first = end;
        for (Py_ssize_t j = 0; j < i && first == end; j++)
            if (kinds[j] == kinds[i])
                first = -1; /* placed with atom j */
        for (Py_ssize_t j = i; first >= 0 && j < n_atoms; j++) {
            if (kinds[j] != kinds[i])
                continue;
            memcpy(sites[end].position, positions[j], sizeof(Vector));
            sites[end].first = first;
            sites[end++].atom = j;
        }
        for (Py_ssize_t k = first; first >= 0 && k < end; k++)
            sites[k].end = end;
    }
}

/* Fills in the nearest atoms and marks them in `taken`; the RMS distance, or infinity. */
static double
match(Py_ssize_t n_atoms, const Site *sites, const Matrix q, Py_ssize_t *nearest, char *taken)
{
    double sum = 0;
    memset(taken, 0, n_atoms);
    for (Py_ssize_t s = 0; s < n_atoms; s++) {
        const double *x = sites[s].position;
        const Vector moved = {dot(q[0], x), dot(q[1], x), dot(q[2], x)};
        Py_ssize_t best = sites[s].first;
        double least = INFINITY;
        for (Py_ssize_t t = sites[s].first; t < sites[s].end; t++) {
            double square = squared_distance(moved, sites[t].position);
            if (square < least) {
                least = square;
                best = t;
            }
        }
        sum += taken[best] ? INFINITY : least;
        taken[best] = 1;
        nearest[sites[s].atom] = sites[best].atom;
    }
    return sqrt(sum / (double)n_atoms);
}

static PyObject *
match_atoms(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *objects[5], *result = NULL;
    int done = 0;
    if (!PyArg_ParseTuple(args, "OOOOO", &objects[0], &objects[1], &objects[2], &objects[3],
                          &objects[4]))
        return NULL;
    Py_buffer views[5];
    Py_ssize_t atoms[] = {-1, 3}, cubes[] = {-1, 3, 3}, rows[] = {-1, -1};
    if (view_of(objects[0], &views[done], REAL, 2, atoms, 0) < 0
        || (done++, view_of(objects[1], &views[done], INDEX, 1, atoms, 0) < 0)
        || (done++, view_of(objects[2], &views[done], REAL, 3, cubes, 0) < 0)
        || (done++, rows[0] = cubes[0], rows[1] = atoms[0],
            view_of(objects[3], &views[done], INDEX, 2, rows, 1) < 0)
        || (done++, view_of(objects[4], &views[done], REAL, 1, rows, 1) < 0))
        goto end;
    done++;
    Py_ssize_t n_atoms = atoms[0];
    Site *sites = PyMem_Calloc(n_atoms ? n_atoms : 1, sizeof(Site) + 1);
    if (!sites) {
        PyErr_NoMemory();
        goto end;
    }
    char *taken = (char *)(sites + n_atoms);
    sort_by_kind(n_atoms, views[0].buf, views[1].buf, sites);
    const Matrix *matrices = views[2].buf;
    Py_ssize_t *permutations = views[3].buf;
    double *residuals = views[4].buf;
    for (Py_ssize_t m = 0; m < rows[0]; m++)
        residuals[m] = match(n_atoms, sites, matrices[m], permutations + m * n_atoms, taken);
    PyMem_Free(sites);
    result = Py_NewRef(Py_None);
end:
    release(views, done);
    return result;
}

/* ---- the closure of a group ---- */

typedef struct {
    Py_ssize_t order, n_atoms, a, b;
    const Py_ssize_t *permutations;
    const int64_t *signs;
} Elements;

/* What tells elements apart: where the pair goes, and the determinant. */
typedef struct {
    Py_ssize_t first, second;
    int negative;
    Py_ssize_t row;
} Key;

static int
compare(const void *left, const void *right)
{
    const Key *x = left, *y = right;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return x->negative - y->negative;
}

/* Keys in order; 0 if two elements share one. */
static int
sort_keys(const Elements *e, Key *keys)
{
    for (Py_ssize_t m = 0; m < e->order; m++) {
        const Py_ssize_t *p = e->permutations + m * e->n_atoms;
        keys[m] = (Key){p[e->a], p[e->b], e->signs[m] < 0, m};
    }
    qsort(keys, e->order, sizeof(Key), compare);
    for (Py_ssize_t m = 1; m < e->order; m++)
        if (compare(&keys[m - 1], &keys[m]) == 0)
            return 0;
    return 1;
}

/* Rows of the products of all elements with element g; 0 if a product has no row, or is not,
 * atom by atom, the element in its row. */
static int
multiply(const Elements *e, const Key *keys, Py_ssize_t g, Py_ssize_t *column)
{
    const Py_ssize_t *by = e->permutations + g * e->n_atoms;
    for (Py_ssize_t m = 0; m < e->order; m++) {
        const Py_ssize_t *p = e->permutations + m * e->n_atoms;
        Key product = {p[by[e->a]], p[by[e->b]], (e->signs[m] < 0) != (e->signs[g] < 0), 0};
        const Key *found = bsearch(&product, keys, e->order, sizeof(Key), compare);
        if (!found)
            return 0;
        const Py_ssize_t *same = e->permutations + found->row * e->n_atoms;
        for (Py_ssize_t i = 0; i < e->n_atoms; i++)
            if (same[i] != p[by[i]])
                return 0;
        column[m] = found->row;
    }
    return 1;
}

/* Marks the rows reached from row 0 by `count` columns; returns how many there are. */
static Py_ssize_t
reach(Py_ssize_t order, const Py_ssize_t *columns, int count, char *reached, Py_ssize_t *queue)
{
    Py_ssize_t end = 1;
    memset(reached, 0, order);
    reached[queue[0] = 0] = 1;
    for (Py_ssize_t start = 0; start < end; start++) {
        for (int c = 0; c < count; c++) {
            Py_ssize_t row = columns[c * order + queue[start]];
            if (!reached[row]) {
                reached[row] = 1;
                queue[end++] = row;
            }
        }
    }
    return end;
}

/* Each generator at least doubles the group. */
#define MOST_GENERATORS 63

/* How many generators were found; -1 if the elements are no group, -2 without memory. */
static int
find_generators(const Elements *e, Py_ssize_t *generators)
{
    int count = -2;
    Py_ssize_t reached_rows = 1, next = 1, order = e->order;
    Key *keys = PyMem_Calloc(order, sizeof(Key));
    Py_ssize_t *queue = PyMem_Calloc(order, sizeof(Py_ssize_t));
    Py_ssize_t *columns = PyMem_Calloc(order, MOST_GENERATORS * sizeof(Py_ssize_t));
    char *reached = PyMem_Calloc(order, 1);
    if (!keys || !queue || !columns || !reached)
        goto end;
    count = sort_keys(e, keys) ? 0 : -1;
    reached[0] = 1;
    while (count >= 0 && reached_rows < order) {
        while (reached[next])
            next++;
        if (count == MOST_GENERATORS || !multiply(e, keys, next, columns + count * order)) {
            count = -1;
            break;
        }
        generators[count++] = next;
        reached_rows = reach(order, columns, count, reached, queue);
    }
end:
    PyMem_Free(keys);
    PyMem_Free(queue);
    PyMem_Free(columns);
    PyMem_Free(reached);
    return count;
}

/* Permutations, signs and the pair; the views are to be released if this returns 1. */
static int
elements_of(PyObject *permutations, PyObject *signs, Elements *e, Py_buffer *views)
{
    Py_ssize_t rows[] = {-1, -1};
    if (view_of(permutations, &views[0], INDEX, 2, rows, 0) < 0)
        return 0;
    if (view_of(signs, &views[1], SIGN, 1, rows, 0) < 0) {
        release(views, 1);
        return 0;
    }
    e->order = rows[0];
    e->n_atoms = rows[1];
    e->permutations = views[0].buf;
    e->signs = views[1].buf;
    int wrong = outside(e->a, e->n_atoms) || outside(e->b, e->n_atoms);
    for (Py_ssize_t k = 0; !wrong && k < e->order * e->n_atoms; k++)
        wrong = outside(e->permutations[k], e->n_atoms);
    if (wrong)
        release(views, 2);
    return !wrong;
}

static PyObject *
generators(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *permutations, *signs, *result = NULL;
    Py_buffer views[2];
    Elements e;
    if (!PyArg_ParseTuple(args, "OOnn", &permutations, &signs, &e.a, &e.b)
        || !elements_of(permutations, signs, &e, views))
        return NULL;
    Py_ssize_t found[MOST_GENERATORS];
    int count = e.order ? find_generators(&e, found) : -1;
    if (count == -2)
        PyErr_NoMemory();
    else if (count == -1)
        result = Py_NewRef(Py_None);
    else if ((result = PyTuple_New(count)) != NULL)
        for (int k = 0; k < count; k++)
            PyTuple_SET_ITEM(result, k, PyLong_FromSsize_t(found[k]));
    release(views, 2);
    return result;
}

/* How often a permutation is applied until an atom is home; 0 if it never is. */
static int64_t
cycle(const Py_ssize_t *permutation, Py_ssize_t n_atoms, Py_ssize_t atom)
{
    int64_t length = 1;
    for (Py_ssize_t i = permutation[atom]; i != atom; i = permutation[i])
        if (++length > n_atoms)
            return 0;
    return length;
}

static int64_t
least_common_multiple(int64_t x, int64_t y)
{
    int64_t a = x, b = y;
    while (b) {
        int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return x / a * y;
}

static PyObject *
element_orders(PyObject *Py_UNUSED(self), PyObject *args)
{
    PyObject *permutations, *signs, *out, *result = NULL;
    Py_buffer views[3];
    Elements e;
    if (!PyArg_ParseTuple(args, "OOnnO", &permutations, &signs, &e.a, &e.b, &out)
        || !elements_of(permutations, signs, &e, views))
        return NULL;
    if (view_of(out, &views[2], SIGN, 1, &e.order, 1) < 0) {
        release(views, 2);
        return NULL;
    }
    int64_t *orders = views[2].buf;
    Py_ssize_t m = 0;
    for (; m < e.order; m++) {
        const Py_ssize_t *p = e.permutations + m * e.n_atoms;
        int64_t first = cycle(p, e.n_atoms, e.a), second = cycle(p, e.n_atoms, e.b);
        if (!first || !second)
            break;
        orders[m] = least_common_multiple(least_common_multiple(first, second),
                                          e.signs[m] < 0 ? 2 : 1);
    }
    if (m == e.order)
        result = Py_NewRef(Py_None);
    else
        PyErr_SetString(PyExc_ValueError, "not a permutation");
    release(views, 3);
    return result;
}

static PyMethodDef METHODS[] = {
    {"pair_matrices", pair_matrices, METH_VARARGS, NULL},
    {"match_atoms", match_atoms, METH_VARARGS, NULL},
    {"generators", generators, METH_VARARGS, NULL},
    {"element_orders", element_orders, METH_VARARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_kernels",
    .m_doc = "Compiled twins of the functions of the same names in kernels.py.",
    .m_size = 0,
    .m_methods = METHODS,
};

PyMODINIT_FUNC
PyInit__kernels(void)
{
    return PyModuleDef_Init(&MODULE);
}
