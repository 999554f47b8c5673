"""Your own model by strata: a csv of predictions, and the question where it fails.

    python examples/teaching/your_model_by_strata.py [FOLDER [PREDICTIONS.csv]]

A model that reads spectra should fail where spectra say little. A molecule with a centre of
inversion shares its vibrations out between infrared and Raman: does a model gain more from seeing
both there than elsewhere? One mean accuracy cannot tell, and a comparison of symmetric molecules
with all others compares chemistry as well. So compare isomers: same skeleton, same substituents,
with and without a centre. That is a stratum.

PREDICTIONS.csv needs a structure, an input and what was predicted; groups and R are computed.
The one that comes with this script is data/predictions.csv, of a model without training: "the
isomer with the nearest spectrum", measured with noise (GFN2-xTB spectra; made by make_data.py).
The same from the command line, with every table: spektron evaluate stratified PREDICTIONS.csv
--metric structure
"""

import csv
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from spektron.ml.stratified import evaluate, read_scores
from spektron.vibration.plots import BLUE, ORANGE, save_figure

FOLDER = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
FOLDER.mkdir(parents=True, exist_ok=True)
FILE = Path(
    sys.argv[2] if len(sys.argv) > 2 else Path(__file__).parent / "data" / "predictions.csv"
)

# %% The file
# One row for each prediction. "input" says what the model was given, "seed" which run it was.
with FILE.open(encoding="utf-8", newline="") as file:
    rows = list(csv.DictReader(file))
print(f"{FILE.name}: {len(rows)} predictions, columns {', '.join(rows[0])}")
print(f"  the first: {', '.join(rows[0].values())}")

# %% Structures become point groups
table = read_scores(FILE, metric="structure")
subjects = table.subjects
groups = Counter(s.group for s in subjects)
print(f"{len(subjects)} molecules: " + ", ".join(f"{g} {n}" for g, n in groups.most_common()))

# %% One number for each input
accuracy = {given: table.values[:, i].mean() for i, given in enumerate(table.inputs)}
print("accuracy: " + ", ".join(f"{given} {value:.3f}" for given, value in accuracy.items()))

# %% The naive comparison
# All molecules with a centre against all without. Rings and chains, three atoms or ten: whatever
# else differs between the two piles is in this number too.
centred = np.array([s.centrosymmetric for s in subjects])
gain = table.values[:, table.inputs.index("both")].mean(axis=(1, 2)) - np.maximum(
    *(table.values[:, table.inputs.index(k)].mean(axis=(1, 2)) for k in ("ir", "raman"))
)
print(
    f"gain from both over the better one: {gain[centred].mean():+.3f} with a centre, "
    f"{gain[~centred].mean():+.3f} without;\n"
    f"  difference, nothing matched: {gain[centred].mean() - gain[~centred].mean():+.3f}"
)

# %% The matched comparison
# Within each stratum, with a centre less without; then the mean over strata. The interval comes
# from a bootstrap over scaffolds, strata, molecules and runs: isomers of one ring are relatives.
found = evaluate(table)
first = found.primary
print(f"\nmatched: {len(found.matched.strata)} strata of {len(found.matched.scaffolds)} scaffolds")
print(f"  {first.endpoint}, with a centre less without: {first.value:+.3f}")
print(f"  95 % interval {first.low:+.3f} to {first.high:+.3f}, p = {first.p:.2f}")
verdict = "an effect" if first.low > 0 or first.high < 0 else "no effect can be claimed"
print(f"  so {verdict}")
# The better of two noisy accuracies is too high on average, so this gain is too low; "gain,
# cross-fitted" (found.secondary) chooses the better input on one half of the runs and scores it on
# the other.
#
# How many strata would it take? The interval narrows with the root of their number, as long as new
# strata come with new scaffolds. For an effect of 0.10 to stand out four times in five, its
# standard error must be 0.10/2.8.
needed = len(found.matched.strata) * (first.error / (0.10 / 2.8)) ** 2
print(f"  for 80 % power at an effect of 0.10: about {needed:.0f} strata like these")
print("\ninput   with a centre         without")
for mean in found.means:
    print(
        f"{mean.given:7s} {mean.centred.value:.3f} ({mean.centred.low:.2f}–{mean.centred.high:.2f})"
        f"   {mean.others.value:.3f} ({mean.others.low:.2f}–{mean.others.high:.2f})"
    )

# %% The figure
figure = Figure(figsize=(8.4, 4), layout="constrained")
left, right = figure.subplots(1, 2)
for k, (side, label, colour) in enumerate(
    (("centred", "with a centre", BLUE), ("others", "isomers without", ORANGE))
):
    intervals = [getattr(mean, side) for mean in found.means]
    places = np.arange(len(intervals)) + 0.2 * k - 0.1
    values = np.array([i.value for i in intervals])
    ends = np.array([[i.value - i.low, i.high - i.value] for i in intervals]).T
    left.errorbar(places, values, ends, fmt="o", color=colour, capsize=3, label=label)
left.set_xticks(range(len(found.means)), [mean.given for mean in found.means])
left.set(xlim=(-0.5, len(found.means) - 0.5), ylim=(0, 1.1), ylabel="accuracy, mean over strata",
         xlabel="what the model sees")  # fmt: skip
left.legend(frameon=False, loc="lower right")
for y, one in enumerate(found.scaffolds):
    right.plot(one.value, y, "o", color="0.5")
    number = "1 stratum" if one.n_strata == 1 else f"{one.n_strata} strata"
    right.text(1.02, y, number, transform=right.get_yaxis_transform(), va="center", fontsize=8)
y = len(found.scaffolds)
right.errorbar([first.value], [y], xerr=[[first.value - first.low], [first.high - first.value]],
               fmt="D", color="black", capsize=4)  # fmt: skip
right.axvline(0, color="0.7", lw=0.8, zorder=0)
right.set_yticks(range(y + 1), [*(one.scaffold for one in found.scaffolds), "all, 95 %"])
right.set(ylim=(y + 0.6, -0.6), xlabel="gain with a centre less gain without")
for axes in (left, right):
    axes.spines[["top", "right"]].set_visible(False)
save_figure(figure, FOLDER / "strata.png")
print(f"\nfigure: {FOLDER / 'strata.png'}")
