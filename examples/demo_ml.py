"""A small model trained on computed spectra in minutes: what it fills in, and what it knows.

    python examples/demo_ml.py [FIGURE] [--data DATA] [--run DIR] [--steps N]

Trains the tiny model on the molecules in docs/data/symmetry-rich, without any label, on spectra
that simulated instruments distort; then measures it on molecules that it has not seen, on
instruments that it has not seen, and draws hidden parts of spectra and the latent vectors.
FIGURE is a PNG, PDF or SVG file, demo-ml.png in the current folder if not given. With --run the
run is kept in DIR, and an interrupted one is continued.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from spektron.ml.splits import split_table
from spektron.ml.table import SpectraTable
from spektron.ml.training import PretrainConfig, Trained, pretrain
from spektron.ml.training.reading import read_data
from spektron.pointgroup import InputError
from spektron.vibration import CalculationError
from spektron.vibration.plots import save_figure

DATA = Path(__file__).resolve().parents[1] / "docs" / "data" / "symmetry-rich"
CONFIG = PretrainConfig.from_mapping(
    {
        "model": {"size": "tiny", "stride": 8, "instruments": 64},
        "training": {
            "steps": 700,
            "batch": 32,
            "learning_rate": 2e-3,
            "checkpoint_every": 100,
            "log_every": 100,
        },
        "loss": {"span": 1, "invariance": 0.3, "erase": 256},
    }
)
SHOWN = 2  # molecules whose gaps are drawn
MAPPED = 600  # molecules in the maps


def tell(now: Any) -> None:
    print(
        f"  step {now.step:4d}: error at hidden points {now.metrics['reconstruction']:.3f} of that "
        f"of the mean spectrum, {now.rate:.0f} spectra/s, {now.seconds_left:.0f} s left",
        flush=True,
    )


# ---- what is measured ----


def print_assessment(found: Any) -> None:
    rows = (("unseen instruments", found.measured), ("no instrument", found.clean))
    print(
        f"\nA quarter of the axis hidden in pieces of {found.gap:.0f} cm⁻¹, some touching; mean "
        "squared errors:"
    )
    print("                       model       line       mean   line/model  mean/model")
    for name, e in rows:
        ratios = f"{e.linear / e.model:10.2f}  {e.mean / e.model:10.2f}"
        print(f"  {name:18s} {e.model:9.2e}  {e.linear:9.2e}  {e.mean:9.2e}  {ratios}")
    noises = " and ".join(f"{100 * x:.1f} %" for x in found.noise)
    print(
        f"\nThe same molecule on another instrument, recall@1 among {found.library:,} ("
        f"{found.held_out:,} not trained on):\n  {found.recall:.3f} on unseen instruments with "
        f"noise of {noises}; {found.known_recall:.3f} on known ones"
    )
    print("\nLinear probes, accuracy on held-out molecules:")
    for name, probed in (
        ("unseen instrument", found.instrument),
        ("known instrument", found.known_instrument),
    ):
        print(
            f"  {name:18s} z_chem {probed['z_chem']:.3f}, z_inst {probed['z_inst']:.3f}, "
            f"chance {probed['chance']:.3f}"
        )
    for name, (whole, chem, chance) in found.chemistry.items():
        print(f"  {name:18s} z_chem {chem:.3f}, undivided {whole:.3f}, chance {chance:.3f}")
    print(f"  chemistry lost on z_chem: {100 * found.lost:.1f} points")


# ---- the figure ----

INFRARED, RAMAN, GAP = "#D55E00", "#0072B2", "#EEEEEE"
CHEMISTRY = {  # Okabe and Ito's colours; the first group that a molecule has
    "nitrile": "#009E73",
    "ketone": "#D55E00",
    "alcohol": "#0072B2",
    "fluoride": "#CC79A7",
    "none of these": "#BBBBBB",
}


def draw(run: Trained, table: SpectraTable, path: Path) -> None:
    """Two molecules with gaps above, and maps of both latent vectors below."""
    from spektron.ml.model.weights import load_model
    from spektron.ml.training.sources import TableSource

    model, _ = load_model(run.model)
    source = TableSource(table, model.config.axis, CONFIG.data)
    held = split_table(table, CONFIG.data.fractions)["test"]
    figure = Figure(figsize=(9.0, 9.6), dpi=200, layout="constrained")
    above, below = figure.subfigures(2, 1, height_ratios=(1.25, 1))
    draw_gaps(above.subplots(2 * SHOWN, 1, sharex=True), model, source, held)
    draw_maps(below.subplots(1, 3), model, source, held[:MAPPED])
    save_figure(figure, path)


def draw_gaps(rows: Any, model: Any, source: Any, held: Any) -> None:
    import torch
    from spektron.ml.instruments import draw_instrument, generator
    from spektron.ml.training.assessment import UNSEEN
    from spektron.ml.training.evaluation import across
    from spektron.ml.training.sources import hidden_tokens

    axis = model.config.axis
    chosen = typical(source, held)
    for place, row in enumerate(chosen):
        draws = generator(3, int(row))
        one = draw_instrument(source.data.instruments, 0, UNSEEN + place)
        spectra = source.measured(np.array([row]), [one], [draws])
        tokens = hidden_tokens(draws, model.config.tokens, CONFIG.loss.mask, CONFIG.loss.span)
        hidden = np.repeat(tokens, model.config.stride)[None]
        with torch.no_grad():
            encoded = model.encode(torch.from_numpy(spectra), torch.from_numpy(tokens[None]))
            found = model.reconstruct(encoded).numpy()[0]
        lines = across(spectra, hidden)[0]
        for channel, (kind, colour) in enumerate((("IR", INFRARED), ("Raman", RAMAN))):
            axes = rows[2 * place + channel]
            draw_gap(axes, axis.wavenumbers, hidden[0], spectra[0, channel], found[channel],
                     lines[channel], colour)  # fmt: skip
            name = source.table.texts["smiles"][row]
            axes.set_ylabel(kind, fontsize=8)
            if channel == 0:
                axes.set_title(name, fontsize=8, loc="left", pad=2)
    rows[0].legend(fontsize=7, ncols=3, loc="lower right", bbox_to_anchor=(1, 1), frameon=False)
    rows[-1].set_xlabel("wavenumber / cm⁻¹", fontsize=8)


def typical(source: Any, held: Any) -> list[int]:
    """Molecules with many bands, so that gaps hide some: around the upper quartile."""
    counts = np.diff(source.table.wavenumbers.offsets)[held]
    order = held[np.argsort(counts, kind="stable")]
    return [int(order[int(q * len(order))]) for q in (0.5, 0.8)][:SHOWN]


def draw_gap(
    axes: Axes, x: Any, hidden: Any, true: Any, found: Any, line: Any, colour: str
) -> None:
    edges = np.flatnonzero(np.diff(np.concatenate([[0], hidden.astype(int), [0]])))
    step = x[1] - x[0]
    for low, high in edges.reshape(-1, 2):
        axes.axvspan(x[low] - step / 2, x[high - 1] + step / 2, color=GAP, lw=0)
        part = slice(max(low - 1, 0), high + 1)
        first = {"label": "straight line"} if low == edges[0] else {}
        axes.plot(x[part], line[part], color="#767676", lw=0.7, ls=":", **first)
    axes.plot(x, true, color="black", lw=0.5, alpha=0.75, label="measured")
    axes.plot(x, np.where(hidden, found, np.nan), color=colour, lw=1.3, label="filled in")
    axes.set_xlim(x[0], x[-1])
    axes.set_yticks([])
    axes.tick_params(labelsize=7, length=2)
    axes.spines[["top", "right", "left"]].set_visible(False)


def draw_maps(panels: Any, model: Any, source: Any, rows: Any) -> None:
    from spektron.ml.functional_groups import GROUPS, labels
    from spektron.ml.instruments import draw_instrument, generator
    from spektron.ml.training.assessment import INSTRUMENTS, UNSEEN
    from spektron.ml.training.evaluation import latents

    distribution = source.data.instruments
    unseen = [draw_instrument(distribution, 0, UNSEEN + k) for k in range(INSTRUMENTS)]
    which = np.random.default_rng(0).integers(INSTRUMENTS, size=len(rows))
    draws = [generator(9, int(row)) for row in rows]
    chem, inst = latents(model, source.measured(rows, [unseen[k] for k in which], draws))
    drawn = np.array([i for i, row in enumerate(rows) if source.table.texts["smiles"][row]])
    groups = labels([source.table.texts["smiles"][row] for row in rows[drawn]])
    first = np.full(len(rows), "none of these", dtype=object)
    for name in reversed([name for name in CHEMISTRY if name in GROUPS]):
        first[drawn[groups[:, list(GROUPS).index(name)]]] = name
    chem_map, inst_map = flat(chem), flat(inst)
    for name, colour in reversed(CHEMISTRY.items()):
        at = first == name
        panels[0].scatter(*chem_map[at].T, s=5, color=colour, lw=0, label=name)
    panels[0].legend(fontsize=6, markerscale=2, frameon=False, loc="upper center", ncols=3,
                     bbox_to_anchor=(0.5, 0.0), columnspacing=0.8, handletextpad=0.1)  # fmt: skip
    for panel, points in ((panels[1], chem_map), (panels[2], inst_map)):
        panel.scatter(*points.T, s=5, c=which, cmap="tab10", vmin=-0.5, vmax=9.5, lw=0)
    for panel, title in zip(
        panels,
        ("z_chem, by chemistry", "z_chem, by instrument (8)", "z_inst, by instrument (8)"),
        strict=True,
    ):
        panel.set_title(title, fontsize=9)
        panel.set_xticks([])
        panel.set_yticks([])


def flat(latent: Any) -> Any:
    """A map in two dimensions that keeps neighbours (t-SNE of standardised numbers)."""
    from sklearn.manifold import TSNE

    z = (latent - latent.mean(axis=0)) / (latent.std(axis=0) + 1e-6)
    return TSNE(perplexity=30, init="pca", random_state=0).fit_transform(z)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("figure", nargs="?", type=Path, default=Path("demo-ml.png"))
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--steps", type=int, default=CONFIG.training.steps)
    given = parser.parse_args()
    begun = time.perf_counter()
    try:
        table = read_data([given.data])
        if not isinstance(table, SpectraTable):
            raise InputError(f"{given.data}: give exported parquet files")
        config = replace(CONFIG, training=replace(CONFIG.training, steps=given.steps))
        print(f"Training on {len(table):,} molecules without labels, {given.steps} steps")
        with tempfile.TemporaryDirectory() as scratch:
            run = pretrain(config, table, given.run or Path(scratch) / "run", progress=tell)
            print(f"trained in {time.perf_counter() - begun:.0f} s")
            from spektron.ml.training.assessment import assess

            print_assessment(assess(run.model, table))
            draw(run, table, given.figure)
    except (InputError, CalculationError) as error:
        print(f"demo_ml: {error}", file=sys.stderr)
        return 2
    print(f"\nwrote {given.figure}; {time.perf_counter() - begun:.0f} s in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
