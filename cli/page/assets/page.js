// The moving parts of a report: the structure, its symmetry elements, and the modes.
// All text reaches the page through textContent; nothing is loaded.
(function () {
  "use strict";

  const scene = JSON.parse(document.getElementById("scene").textContent);
  const byId = (name) => document.getElementById(name);
  const FRAMES = 24; // of one period
  const PERIOD = 1200; // ms
  const LARGEST = 0.9; // Å, step of the atom that moves most, at full size
  const COLOURS = [
    "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7f7f7f",
  ];

  // ---- the structure ----

  let viewer = null;
  let model = null;
  const shapes = new Map(); // label of an element -> shapes and labels drawn for it
  const colours = new Map();
  scene.elements.forEach((e) => {
    if (!colours.has(e.label)) colours.set(e.label, COLOURS[colours.size % COLOURS.length]);
  });

  function startViewer() {
    try {
      viewer = $3Dmol.createViewer(byId("viewer"), { antialias: true, disableFog: true });
    } catch (error) {
      viewer = null;
    }
    if (!viewer) return false;
    byId("no-viewer").hidden = true;
    quietly(() => {
      paint();
      setModel(null, 0);
      scene.elements.forEach((e) => drawElement(e));
      orient();
    });
    return true;
  }

  /** Do several things to the structure and draw it once, at the end. */
  function quietly(work) {
    const show = viewer.show;
    viewer.show = () => viewer;
    try {
      work();
    } finally {
      viewer.show = show;
    }
    viewer.render();
  }

  const colour = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  /** Behind the structure; opaque, because planes vanish before a transparent ground. */
  function paint() {
    viewer.setBackgroundColor(colour("--panel"), 1);
  }

  /** Atoms at rest, or a model with one frame for each moment of a period. */
  function setModel(steps, size) {
    const atoms = scene.symbols.map((elem, i) => ({
      elem, index: i, serial: i, x: scene.positions[i][0], y: scene.positions[i][1],
      z: scene.positions[i][2], bonds: [], bondOrder: [], properties: {},
    }));
    for (const [i, j] of scene.bonds) {
      atoms[i].bonds.push(j);
      atoms[j].bonds.push(i);
      atoms[i].bondOrder.push(1);
      atoms[j].bondOrder.push(1);
    }
    viewer.removeAllModels();
    model = viewer.addModel();
    model.addAtoms(atoms);
    const radius = scene.symbols.length > 1 ? 0.24 : 0.6;
    model.setStyle({}, {
      stick: { radius: 0.09, colorscheme: "Jmol" },
      sphere: { scale: radius, colorscheme: "Jmol" },
    });
    if (!steps) return;
    const resting = model.selectedAtoms({});
    for (let k = 0; k < FRAMES; k++) {
      const s = size * LARGEST * Math.sin((2 * Math.PI * k) / FRAMES);
      model.addFrame(resting.map((a, i) => Object.assign({}, a, {
        x: a.x + s * steps[3 * i], y: a.y + s * steps[3 * i + 1], z: a.z + s * steps[3 * i + 2],
      })));
    }
  }

  /** The standard axis z upwards, the broad side to the front, seen a little from above. */
  function orient() {
    let xx = 0, yy = 0, xy = 0;
    for (const [x, y] of scene.positions) {
      xx += x * x;
      yy += y * y;
      xy += x * y;
    }
    const turn = (Math.atan2(2 * xy, xx - yy) * 90) / Math.PI;
    viewer.setView([0, 0, 0, 0, 0, 0, 0, 1]);
    viewer.zoomTo();
    viewer.rotate(20 - turn, "vz");
    viewer.rotate(-66, "vx");
    viewer.zoom(1.05);
  }

  const scaled = (d, s) => ({ x: d[0] * s, y: d[1] * s, z: d[2] * s });

  function drawElement(e) {
    const box = document.querySelector(`input[data-element="${CSS.escape(e.label)}"]`);
    if (box && !box.checked) return;
    const drawn = shapes.get(e.label) || [];
    shapes.set(e.label, drawn);
    const tint = colours.get(e.label);
    const many = scene.elements.filter((other) => other.label === e.label).length > 4;
    if (e.kind === "axis") {
      const length = extent(e.direction);
      drawn.push(viewer.addCylinder({
        start: scaled(e.direction, -length), end: scaled(e.direction, length), radius: 0.035,
        color: tint, fromCap: 2, toCap: 2,
      }));
      if (!many) drawn.push(named(e.label, scaled(e.direction, length + 0.2), tint));
    } else if (e.kind === "plane") {
      drawn.push(disc(e.direction, scene.reach, tint));
      if (!many) drawn.push(named(e.label, rim(e.direction, scene.reach), tint));
    } else {
      drawn.push(viewer.addSphere({ center: { x: 0, y: 0, z: 0 }, radius: 0.18, color: tint }));
      drawn.push(named(e.label, { x: 0.3, y: 0.3, z: 0.3 }, tint));
    }
  }

  /** How far an axis reaches: past the outermost atom along it. */
  function extent(d) {
    const along = scene.positions.map((p) => Math.abs(p[0] * d[0] + p[1] * d[1] + p[2] * d[2]));
    return Math.max(0.55 * scene.reach, 0.9 + Math.max(...along));
  }

  function named(text, position, tint) {
    return viewer.addLabel(text, {
      position, fontSize: 14, fontColor: tint, backgroundOpacity: 0, inFront: true,
      alignment: "center", showBackground: false,
    });
  }

  /** Two unit vectors that span the plane with this normal. */
  function spanned(n) {
    const least = n.map(Math.abs).indexOf(Math.min(...n.map(Math.abs)));
    const help = [0, 0, 0];
    help[least] = 1;
    const u = cross(n, help);
    const size = Math.hypot(...u);
    const first = u.map((c) => c / size);
    return [first, cross(n, first)];
  }

  const cross = (a, b) => [
    a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0],
  ];

  function rim(normal, radius) {
    const [u, v] = spanned(normal);
    const s = radius / Math.SQRT2;
    return { x: s * (u[0] + v[0]), y: s * (u[1] + v[1]), z: s * (u[2] + v[2]) };
  }

  function disc(normal, radius, tint) {
    const [u, v] = spanned(normal);
    const n = 64;
    const vertices = [{ x: 0, y: 0, z: 0 }];
    const faces = [];
    for (let k = 0; k < n; k++) {
      const c = radius * Math.cos((2 * Math.PI * k) / n);
      const s = radius * Math.sin((2 * Math.PI * k) / n);
      vertices.push({
        x: c * u[0] + s * v[0], y: c * u[1] + s * v[1], z: c * u[2] + s * v[2],
      });
      faces.push(0, k + 1, ((k + 1) % n) + 1);
    }
    const normals = vertices.map(() => ({ x: normal[0], y: normal[1], z: normal[2] }));
    return viewer.addCustom({
      vertexArr: vertices, faceArr: faces, normalArr: normals, color: tint, opacity: 0.35,
    });
  }

  function showElement(label, on) {
    quietly(() => {
      for (const one of shapes.get(label) || []) {
        if (one.sprite) viewer.removeLabel(one);
        else viewer.removeShape(one);
      }
      shapes.delete(label);
      if (on) scene.elements.filter((e) => e.label === label).forEach((e) => drawElement(e));
    });
  }

  let numbers = [];
  function showNumbers(on) {
    quietly(() => {
      numbers.forEach((one) => viewer.removeLabel(one));
      numbers = on
        ? scene.symbols.map((symbol, i) => viewer.addLabel(`${symbol}${i + 1}`, {
            position: scaled(scene.positions[i], 1), fontSize: 12, fontColor: colour("--ink"),
            backgroundColor: colour("--panel"), backgroundOpacity: 0.7, inFront: true,
            alignment: "center",
          }))
        : [];
    });
  }

  // ---- modes ----

  let displacements = null;
  if (scene.modes) {
    const raw = Uint8Array.from(atob(scene.modes.data), (c) => c.charCodeAt(0));
    const view = new DataView(raw.buffer);
    displacements = (mode) => {
      const size = 3 * scene.symbols.length;
      return Array.from({ length: size }, (_, i) =>
        view.getInt16(2 * (mode * size + i), true) / scene.modes.steps);
    };
  }

  const still = window.matchMedia("(prefers-reduced-motion: reduce)");
  let chosen = -1; // number of the band
  let partner = 0;
  let playing = false;
  let drawnArrows = [];

  function describe(band) {
    const member = band.members[partner];
    const which = band.members.length > 1
      ? `mode ${member + 1}, partner ${partner + 1} of ${band.members.length}`
      : `mode ${member + 1}`;
    const parts = [`${band.irrep} at ${band.wavenumber} cm⁻¹ (${which})`];
    if (band.seen === "silent") parts.push("silent: in neither spectrum");
    else parts.push(`active in ${band.seen}`);
    if (band.ir !== null) parts.push(`IR ${band.ir}`);
    if (band.raman !== null) parts.push(`Raman ${band.raman}`);
    byId("chosen").textContent = parts.join("; ");
    byId("chosen-shares").textContent = band.shares;
  }

  function choose(index, wanted) {
    const band = scene.bands[index];
    if (!band) return;
    chosen = index;
    partner = (wanted || 0) % band.members.length;
    describe(band);
    document.querySelectorAll("[data-band].chosen").forEach((e) => e.classList.remove("chosen"));
    document.querySelectorAll("#modes tr[aria-current]").forEach((e) => e.removeAttribute("aria-current"));
    document.querySelectorAll(`[data-band="${index}"]`).forEach((e) => e.classList.add("chosen"));
    const row = document.querySelector(`#modes tr[data-band="${index}"]`);
    if (row) {
      row.setAttribute("aria-current", "true");
      reveal(row);
    }
    byId("partner").hidden = band.members.length < 2;
    byId("play").disabled = !viewer;
    mark(band.place);
    if (viewer) move(!still.matches);
  }

  /** Scroll the box of the table, never the page. */
  function reveal(row) {
    const box = row.closest(".scroll");
    const top = row.offsetTop - box.scrollTop;
    if (top < 40 || top + row.offsetHeight > box.clientHeight) {
      box.scrollTop = row.offsetTop - box.clientHeight / 2;
    }
  }

  function mark(place) {
    const cursor = byId("cursor");
    cursor.replaceChildren();
    if (place === null) return;
    const svg = byId("spectra");
    const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
    const ends = { x1: place, x2: place, y1: svg.dataset.top, y2: svg.dataset.bottom };
    Object.entries(ends).forEach(([k, v]) => line.setAttribute(k, v));
    cursor.append(line);
  }

  /** Show the chosen mode; play it, or hold it at rest with its arrows. */
  function move(play) {
    const steps = displacements(scene.bands[chosen].members[partner]);
    const size = Number(byId("size").value);
    viewer.stopAnimate();
    quietly(() => {
      drawnArrows.forEach((one) => viewer.removeShape(one));
      drawnArrows = byId("arrows").checked ? arrows(steps, size) : [];
      setModel(steps, size);
      viewer.setFrame(0);
    });
    playing = play;
    byId("play").textContent = play ? "pause" : "play";
    if (play) viewer.animate({ loop: "forward", interval: PERIOD / FRAMES });
  }

  function arrows(steps, size) {
    const out = [];
    scene.positions.forEach((p, i) => {
      const d = [0, 1, 2].map((k) => 2.2 * size * LARGEST * steps[3 * i + k]);
      if (Math.hypot(...d) < 0.12) return;
      out.push(viewer.addArrow({
        start: scaled(p, 1), end: { x: p[0] + d[0], y: p[1] + d[1], z: p[2] + d[2] },
        radius: 0.045, radiusRatio: 2.2, mid: 0.72, color: "#b3261e",
      }));
    });
    return out;
  }

  function pause() {
    viewer.stopAnimate();
    viewer.setFrame(0).then(() => viewer.render());
    playing = false;
    byId("play").textContent = "play";
  }

  function step(by) {
    const n = scene.bands.length;
    if (n) choose(chosen < 0 ? (by > 0 ? 0 : n - 1) : (chosen + by + n) % n);
  }

  function nearest(x) {
    let best = -1;
    scene.bands.forEach((b, i) => {
      if (b.place === null) return;
      if (best < 0 || Math.abs(b.place - x) < Math.abs(scene.bands[best].place - x)) best = i;
    });
    return best;
  }

  // ---- what the reader does ----

  function listen() {
    document.querySelectorAll("input[data-element]").forEach((box) => {
      box.addEventListener("change", () => showElement(box.dataset.element, box.checked));
    });
    byId("numbers").addEventListener("change", (e) => showNumbers(e.target.checked));
    byId("viewer").addEventListener("keydown", turn);
    // The page scrolls under the wheel; with Ctrl the structure grows.
    byId("viewer").parentNode.addEventListener("wheel", (e) => {
      if (!e.ctrlKey) e.stopPropagation();
    }, { capture: true, passive: true });
  }

  function turn(event) {
    const turns = { ArrowLeft: [-10, "vy"], ArrowRight: [10, "vy"], ArrowUp: [-10, "vx"], ArrowDown: [10, "vx"] };
    if (event.key in turns) viewer.rotate(...turns[event.key]);
    else if (event.key === "+" || event.key === "=") viewer.zoom(1.15);
    else if (event.key === "-") viewer.zoom(1 / 1.15);
    else if (event.key === "0") quietly(orient);
    else return;
    event.preventDefault();
  }

  function listenToModes() {
    const svg = byId("spectra");
    svg.addEventListener("click", (event) => {
      const hit = event.target.closest("[data-band]");
      const box = svg.getBoundingClientRect();
      const x = ((event.clientX - box.left) * svg.viewBox.baseVal.width) / box.width;
      choose(hit ? Number(hit.dataset.band) : nearest(x));
    });
    svg.addEventListener("keydown", (event) => {
      // Wavenumbers fall to the right.
      if (event.key === "ArrowRight" || event.key === "ArrowDown") step(-1);
      else if (event.key === "ArrowLeft" || event.key === "ArrowUp") step(1);
      else if (event.key === "Enter" || event.key === " ") toggle();
      else return;
      event.preventDefault();
    });
    const rows = byId("modes").tBodies[0];
    rows.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row) choose(Number(row.dataset.band));
    });
    rows.addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      const row = event.target.closest("tr");
      const next = by > 0 ? row.nextElementSibling : row.previousElementSibling;
      if (!next) return;
      next.querySelector("button").focus({ preventScroll: true });
      choose(Number(next.dataset.band));
    });
    byId("play").addEventListener("click", toggle);
    byId("next").addEventListener("click", () => step(1));
    byId("previous").addEventListener("click", () => step(-1));
    byId("partner").addEventListener("click", () => choose(chosen, partner + 1));
    byId("size").addEventListener("input", () => chosen >= 0 && viewer && move(playing));
    byId("arrows").addEventListener("change", () => chosen >= 0 && viewer && move(playing));
  }

  function toggle() {
    if (chosen < 0) step(1);
    else if (!viewer) return;
    else if (playing) pause();
    else move(true);
  }

  // ---- paper ----

  let opened = [];
  function beforePrint() {
    opened = [...document.querySelectorAll("details:not([open])")];
    opened.forEach((d) => { d.open = true; });
    if (!viewer) return;
    viewer.setBackgroundColor("#ffffff", 1);
    byId("still").src = viewer.pngURI();
  }
  function afterPrint() {
    opened.forEach((d) => { d.open = false; });
    if (viewer) paint();
  }

  document.documentElement.classList.add("scripted");
  document.querySelectorAll("[data-swatch]").forEach((s) => {
    s.style.backgroundColor = colours.get(s.dataset.swatch);
  });
  // The text is on the screen before the structure, which takes longer.
  byId("no-viewer").textContent = "";
  requestAnimationFrame(() => setTimeout(() => {
    if (startViewer()) listen();
    else byId("no-viewer").textContent = "The structure cannot be drawn: this browser has no WebGL.";
    document.documentElement.classList.add("ready");
  }));
  if (scene.bands.length) listenToModes();
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (viewer) paint();
  });
  window.addEventListener("beforeprint", beforePrint);
  window.addEventListener("afterprint", afterPrint);
})();
