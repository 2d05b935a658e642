// One or two optimizers walk down a surface; the rules are those of labkit.optim, step for step.
import { axes, clamp, decades, fixed, liveFigure, panel, range, short } from "./shared.js";

const STEPS = 200;
const FAR = 1000; // a loss above this is called divergence; no surface is as high inside its map
const LEVELS = [0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30];

const defaults = {
  surface: "bowl", optimizer: "sgd", lr: 0.063, compare: "none", compare_lr: 0.063, momentum: 0.9,
  step: 30, x: null, y: null,
};

const words = {
  en: {
    label: "Optimizer paths",
    stage: "Map of the loss with the paths. The arrow keys move the start.",
    hint: "Move the start: drag it over the map, or press Tab to reach it and use the arrow keys.",
    play: "Play", pause: "Pause", step: "Next step",
    surface: "surface", optimizer: "optimizer", lr: "learning rate", compare: "compared with",
    compare_lr: "its rate", momentum: "momentum", at: "steps taken",
    bowl: "long bowl", valley: "curved valley", saddle: "saddle",
    none: "nothing", sgd: "SGD", nesterov: "Nesterov", rmsprop: "RMSprop", adam: "Adam",
    map: "darker is lower", loss: "loss after each step", start: "start",
    after: (name, step, loss) => `${name}: loss ${loss} after ${step} ${step === 1 ? "step" : "steps"}`,
    diverges: (name, step) => `${name} <b>diverges</b>: its loss passes ${FAR} at step ${step}`,
  },
};

// loss = p(x) + q (y − m(x))²: a floor p, and walls of steepness q on both sides of the line y = m(x).
// below(c): where along x the floor is lower than c.
export const surfaces = {
  bowl: {
    p: (x) => x ** 2 / 2, dp: (x) => x, m: () => 0, dm: () => 0, q: 12.5,
    formula: "½ (x² + 25 y²)", across: [-3, 3], up: [-2.25, 2.25], start: [-2.6, 1.2], minima: [[0, 0]],
    below: (c) => [[-Math.sqrt(2 * c), Math.sqrt(2 * c)]],
  },
  valley: {
    p: (x) => 0.1 * (1 - x) ** 2, dp: (x) => -0.2 * (1 - x), m: (x) => x ** 2, dm: (x) => 2 * x, q: 1,
    formula: "(1 − x)² / 10 + (y − x²)²", across: [-1.8, 1.8], up: [-0.5, 2.2], start: [-1.2, 0.6],
    minima: [[1, 1]],
    below: (c) => [[1 - Math.sqrt(10 * c), 1 + Math.sqrt(10 * c)]],
  },
  saddle: {
    p: (x) => (x ** 2 - 1) ** 2 / 4, dp: (x) => x * (x ** 2 - 1), m: () => 0, dm: () => 0, q: 0.5,
    formula: "(x² − 1)² / 4 + y² / 2", across: [-2, 2], up: [-1.5, 1.5], start: [0.02, 1.2],
    minima: [[-1, 0], [1, 0]],
    below(c) {
      const [far, near] = [Math.sqrt(1 + 2 * Math.sqrt(c)), Math.sqrt(Math.max(1 - 2 * Math.sqrt(c), 0))];
      return near ? [[-far, -near], [near, far]] : [[-far, far]];
    },
  },
};

export function lossAt(surface, [x, y]) {
  const { p, m, q } = surfaces[surface];
  return p(x) + q * (y - m(x)) ** 2;
}

export function gradientAt(surface, [x, y]) {
  const { dp, m, dm, q } = surfaces[surface];
  const slope = 2 * q * (y - m(x));
  return [dp(x) - slope * dm(x), slope];
}

// What each rule subtracts from one weight with gradient g at step t; it keeps its memory in r.
const rules = {
  sgd: (r, g, t, lr) => lr * g,
  momentum(r, g, t, lr, momentum) {
    r.v = momentum * r.v + g;
    return lr * r.v;
  },
  nesterov(r, g, t, lr, momentum) {
    r.v = momentum * r.v + g;
    return lr * (g + momentum * r.v);
  },
  rmsprop(r, g, t, lr) {
    r.s = 0.99 * r.s + (1 - 0.99) * g ** 2;
    return (lr * g) / (Math.sqrt(r.s) + 1e-8);
  },
  adam(r, g, t, lr, momentum) {
    r.v = momentum * r.v + (1 - momentum) * g;
    r.s = 0.999 * r.s + (1 - 0.999) * g ** 2;
    const [v, s] = [r.v / (1 - momentum ** t), r.s / (1 - 0.999 ** t)];
    return (lr * v) / (Math.sqrt(s) + 1e-8);
  },
};

// The places and losses of all steps, to the first loss that is too far away.
export function path({ surface, momentum, x, y }, optimizer, lr) {
  let w = [x, y];
  const memory = w.map(() => ({ v: 0, s: 0 }));
  const places = [{ w, loss: lossAt(surface, w) }];
  for (let t = 1; t <= STEPS && places.at(-1).loss <= FAR; t++) {
    const g = gradientAt(surface, w);
    w = w.map((value, i) => value - rules[optimizer](memory[i], g[i], t, lr, momentum));
    places.push({ w, loss: lossAt(surface, w) });
  }
  return places;
}

function tidy(state) {
  const s = { ...state };
  const { across, up, start } = surfaces[s.surface];
  s.x = clamp(s.x ?? start[0], ...across);
  s.y = clamp(s.y ?? start[1], ...up);
  s.momentum = clamp(s.momentum, 0, 0.99);
  s.step = clamp(Math.round(s.step), 0, STEPS);
  return s;
}

const runners = (s) => [
  { name: s.optimizer, lr: s.lr, kind: "first" },
  ...(s.compare === "none" ? [] : [{ name: s.compare, lr: s.compare_lr, kind: "second" }]),
].map((runner) => ({ ...runner, places: path(s, runner.name, runner.lr) }));

const diverged = (runner, step) => runner.places.length - 1 <= step && !(runner.places.at(-1).loss <= FAR);

// ---- drawing -------------------------------------------------------------------------------------

const [WIDTH, HEIGHT] = [320, 240];
const box = { left: 34, top: 8, right: 236, bottom: 218 };

function scales(s) {
  const { across, up } = surfaces[s.surface];
  const x = (value) => ((value - across[0]) / (across[1] - across[0])) * WIDTH;
  const y = (value) => ((up[1] - value) / (up[1] - up[0])) * HEIGHT;
  return { x, y, at: ([a, b]) => `${clamp(x(a), -999, 999).toFixed(1)},${clamp(y(b), -999, 999).toFixed(1)}` };
}

// The part of the map below a level: along each run of the floor, one wall up and the other back.
function band(s, level) {
  const { p, m, q, across, below } = surfaces[s.surface];
  const { at } = scales(s);
  return below(level).map((ends) => {
    const [low, high] = ends.map((x) => clamp(x, ...across));
    const xs = range(61).map((i) => low + ((high - low) * (1 - Math.cos((Math.PI * i) / 60))) / 2);
    const half = xs.map((x) => Math.sqrt(Math.max(level - p(x), 0) / q));
    const upper = xs.map((x, i) => at([x, m(x) + half[i]]));
    const lower = xs.map((x, i) => at([x, m(x) - half[i]])).reverse();
    return `<polygon class="live-band" points="${[...upper, ...lower].join(" ")}"/>`;
  }).join("");
}

const bands = {};
const landscape = (s) => (bands[s.surface] ??= LEVELS.map((level) => band(s, level)).join(""));

const dot = (kind, x, y, size) => kind === "first"
  ? `<circle class="live-dot" cx="${x}" cy="${y}" r="${size}"/>`
  : `<rect class="live-dot live-second" x="${x - size}" y="${y - size}" width="${2 * size}" height="${2 * size}"/>`;

function track(s, { kind, places }) {
  const { x, y, at } = scales(s);
  const shown = places.slice(0, s.step + 1).filter(({ w }) => w.every(Number.isFinite));
  const line = `<polyline class="live-line live-${kind}" points="${shown.map(({ w }) => at(w)).join(" ")}"/>`;
  const near = shown.filter(({ w }) => Math.abs(w[0]) < 9 && Math.abs(w[1]) < 9);
  const dots = near.map((place) =>
    dot(kind, x(place.w[0]).toFixed(1), y(place.w[1]).toFixed(1), place === shown.at(-1) ? 5 : 2));
  return line + dots.join("");
}

function mapPanel(s, all, text) {
  const { x, y } = scales(s);
  const { minima, formula } = surfaces[s.surface];
  const goals = minima.map(([a, b]) => `<path class="live-goal" d="M${x(a) - 5} ${y(b) - 5}l10 10m0 -10l-10 10"/>`);
  const [a, b] = [x(s.x), y(s.y)];
  const right = a > WIDTH - 50;
  const handle = `<g class="live-handle" data-grip="map"><circle class="live-reach" cx="${a}" cy="${b}" r="22"/>
    <circle cx="${a}" cy="${b}" r="7"/><text x="${a + (right ? -11 : 11)}" y="${b < 20 ? b + 16 : b - 8}"
    text-anchor="${right ? "end" : "start"}">${text.start}</text></g>`;
  const label = `${text[s.surface]}: loss ${formula}; ${text.start} (${fixed(s.x, 2)}, ${fixed(s.y, 2)})`;
  return panel(`loss ${formula}, ${text.map}`, { width: WIDTH, height: HEIGHT, label, grow: 1.2, kind: "live-map" },
    `<rect class="live-ground" width="${WIDTH}" height="${HEIGHT}" data-plane="map"/><g class="live-through">
    ${landscape(s)}${goals.join("")}${all.map((runner) => track(s, runner)).join("")}</g>${handle}`);
}

function lossPanel(s, all, text) {
  const { left, top, right, bottom } = box;
  const across = (t) => left + ((right - left) * t) / STEPS;
  const up = (loss) => top + (bottom - top) * clamp((3 - Math.log10(loss)) / 9, 0, 1); // 10³ to 10⁻⁶
  const curves = all.map(({ kind, places }) => {
    const points = places.map(({ loss }, t) => `${across(t).toFixed(1)},${up(loss || 0).toFixed(1)}`);
    const [x, y] = points[Math.min(s.step, places.length - 1)].split(",").map(Number);
    return `<polyline class="live-line live-future live-${kind}" points="${points.join(" ")}"/>
      <polyline class="live-line live-${kind}" points="${points.slice(0, s.step + 1).join(" ")}"/>${dot(kind, x, y, 5)}`;
  });
  const scale = axes(
    box, [0, 50, 100, 150, 200].map((t) => [across(t), t]),
    [["10³", 1e3], ["1", 1], ["10⁻³", 1e-3], ["10⁻⁶", 1e-6]].map(([name, loss]) => [up(loss), name]),
  );
  const now = `<path class="live-now" d="M${across(s.step)} ${top}V${bottom}"/>`;
  return panel(text.loss, { width: 246, height: 240, label: `${text.loss}. ${summary(s, text)}` }, scale + now + curves.join(""));
}

function outcome(runner, s, text) {
  const { name, places } = runner;
  if (diverged(runner, s.step)) return text.diverges(text[name], places.length - 1);
  return text.after(text[name], s.step, short(places[s.step].loss));
}

function drawing(s, text) {
  const all = runners(s);
  const key = (kind) => `<svg class="live-key" aria-hidden="true" width="26" height="12"><path d="M0 6H26"
    class="live-line live-${kind}"/>${dot(kind, 13, 6, 4)}</svg>`;
  const said = all.map((runner) => `<p class="live-outcome">${key(runner.kind)} ${outcome(runner, s, text)}</p>`);
  return `<div class="live-panels">${mapPanel(s, all, text)}${lossPanel(s, all, text)}</div>${said.join("")}`;
}

const summary = (s, text) =>
  `${text.start} ${fixed(s.x, 2)}, ${fixed(s.y, 2)}. ${runners(s).map((r) => outcome(r, s, text)).join(". ")}.`;

const moved = (x, y) => (s) => ({ x: Number((s.x + x).toFixed(2)), y: Number((s.y + y).toFixed(2)) });
const keys = {
  ArrowLeft: moved(-0.05, 0),
  ArrowRight: moved(0.05, 0),
  ArrowUp: moved(0, 0.05),
  ArrowDown: moved(0, -0.05),
  Home: () => ({ step: 0 }),
  End: () => ({ step: STEPS }),
};

function point(s, plane, right, down) {
  const { across, up } = surfaces[s.surface];
  const x = across[0] + right * (across[1] - across[0]);
  const y = up[1] - down * (up[1] - up[0]);
  return { x: Number(x.toFixed(2)), y: Number(y.toFixed(2)) };
}

const step = (s) => (s.step < STEPS ? { step: s.step + 1 } : null);

const rates = decades(-3, 0);

function controls(text) {
  const named = (list) => Object.fromEntries(list.map((key) => [key, text[key]]));
  const every = ["sgd", "momentum", "nesterov", "rmsprop", "adam"];
  const heavy = (s) => [s.optimizer, s.compare].some((name) => ["momentum", "nesterov", "adam"].includes(name));
  return [
    { key: "surface", label: text.surface, options: named(Object.keys(surfaces)),
      set: (s, surface) => ({ surface, x: null, y: null }) },
    { key: "momentum", label: text.momentum, values: [0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99], when: heavy },
    { key: "optimizer", label: text.optimizer, options: named(every) },
    { key: "lr", label: text.lr, values: rates },
    { key: "compare", label: text.compare, options: named(["none", ...every]) },
    { key: "compare_lr", label: text.compare_lr, values: rates, when: (s) => s.compare !== "none" },
    { key: "step", label: text.at, max: STEPS },
  ];
}

export default liveFigure({
  name: "optimizer_paths", defaults, words, controls, tidy, drawing, summary, keys, point, step,
  rewind: { step: 0 }, pace: 100,
});
