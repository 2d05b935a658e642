// One neuron as a graph: values fill in from left to right, slopes of the loss from right to left.
import { clamp, liveFigure, panel, sets, short } from "./shared.js";

const STEPS = 7; // z, a, the loss; then the slopes of the loss, of a, of z, and of all inputs

const defaults = { x1: 2, w1: 1, x2: 3, w2: -1, b: 1, y: 1, knob: "w1", step: STEPS };

const words = {
  en: {
    label: "Backpropagation in one neuron",
    stage: "Graph of the neuron. Left and right take a step, up and down change the chosen input.",
    hint: "Press on a box to choose it. Arrow keys: left and right take a step, up and down change its value.",
    play: "Play", pause: "Pause", step: "Next step",
    at: "steps done", target: "target y",
    forward: "forward: each box works out its value", backward: "backward: a slope times the number on its arrow",
    slope: "slope", all: "slope z times the number on each arrow:",
    begin: "The inputs are there. Take a step.",
    says: (name, value) => `${name} = ${value}`,
    slopes: (name, value) => `slope of ${name} = ${value}`,
  },
};

const inputs = ["w1", "x1", "b", "w2", "x2"];
const symbols = { w1: "w₁", x1: "x₁", b: "b", w2: "w₂", x2: "x₂", z: "z", a: "a", loss: "L" };

export function values(s) {
  const z = s.x1 * s.w1 + s.x2 * s.w2 + s.b;
  const a = z >= 0 ? 1 / (1 + Math.exp(-z)) : Math.exp(z) / (1 + Math.exp(z));
  return { x1: s.x1, w1: s.w1, x2: s.x2, w2: s.w2, b: s.b, z, a, loss: (a - s.y) ** 2 };
}

// The slope of each step of the graph: what its end gains when its start grows by a little.
export function factors(s) {
  const { a } = values(s);
  return { w1: s.x1, x1: s.w1, b: 1, w2: s.x2, x2: s.w2, z: a * (1 - a), a: 2 * (a - s.y) };
}

// The slope of the loss in every box: that of the box behind it, times the factor of the arrow.
export function slopes(s) {
  const factor = factors(s);
  const slope = { loss: 1, a: factor.a, z: factor.a * factor.z };
  for (const name of inputs) slope[name] = slope.z * factor[name];
  return slope;
}

function tidy(state) {
  const s = { ...state };
  for (const name of inputs) s[name] = Number(clamp(s[name], -3, 3).toFixed(2));
  s.y = Number(clamp(s.y, 0, 1).toFixed(2));
  s.step = clamp(Math.round(s.step), 0, STEPS);
  return s;
}

// At which step a box gets its value and its slope.
const valueStep = (name) => ({ z: 1, a: 2, loss: 3 })[name] ?? 0;
const slopeStep = (name) => ({ loss: 4, a: 5, z: 6 })[name] ?? 7;

// ---- drawing -------------------------------------------------------------------------------------

// The middles of the boxes, on a wide page and on a narrow one.
const [BOX, TALL] = [100, 50];
const layouts = {
  wide: {
    width: 646, height: 326,
    at: { w1: [52, 28], x1: [52, 95], b: [52, 162], w2: [52, 229], x2: [52, 296], z: [238, 162], a: [416, 162], loss: [594, 162] },
  },
  narrow: {
    width: 318, height: 354,
    at: { w1: [52, 28], x1: [52, 98], b: [52, 168], w2: [52, 238], x2: [52, 308], z: [262, 68], a: [262, 188], loss: [262, 308] },
  },
};

// An arrow from one box to the next: its line, its head at the end that the step moves to, its factor.
function arrow(s, at, name) {
  const next = inputs.includes(name) ? "z" : name === "z" ? "a" : "loss";
  const down = at[name][0] === at[next][0];
  const [x, y] = down ? [at[name][0], at[name][1] + TALL / 2] : [at[name][0] + BOX / 2, at[name][1]];
  const [u, v] = down ? [at[next][0], at[next][1] - TALL / 2] : [at[next][0] - BOX / 2, at[next][1]];
  const back = s.step > 3;
  const turn = (Math.atan2(v - y, u - x) * 180) / Math.PI + (back ? 180 : 0);
  const head = `<path class="live-head" d="M0 0l-9 -4.5v9z" transform="translate(${back ? `${x} ${y}` : `${u} ${v}`}) rotate(${turn.toFixed(1)})"/>`;
  const now = s.step === (back ? slopeStep(name) : valueStep(next)) ? " live-now-here" : "";
  const share = inputs.includes(name) ? 0.36 : 0.5;
  const [mx, my] = [x + (u - x) * share, y + (v - y) * share];
  const known = s.step >= slopeStep(name) - 1 && back;
  const factor = known ? `<text x="${mx}" y="${my + (down ? 5 : -5)}">× ${short(factors(s)[name])}</text>` : "";
  return `<g class="live-arrow${now}"><path d="M${x} ${y}L${u} ${v}"/>${head}${factor}</g>`;
}

function box(s, at, name, text) {
  const [x, y] = at[name];
  const known = s.step >= valueStep(name);
  const sloped = s.step >= slopeStep(name);
  const value = `${symbols[name]} = ${known ? short(values(s)[name]) : "…"}`;
  const slope = sloped ? `<text class="live-slope" y="17">${text.slope} ${short(slopes(s)[name])}</text>` : "";
  const now = s.step > 0 && (s.step === valueStep(name) || s.step === slopeStep(name)) ? " live-now-here" : "";
  const chosen = name === s.knob ? " live-chosen" : "";
  const press = inputs.includes(name) ? sets({ knob: name }) : "";
  const target = name === "loss" ? `<text class="live-aside" y="${TALL / 2 + 17}">y = ${short(s.y)}</text>` : "";
  const mark = chosen ? `<text class="live-slope" x="${BOX / 2 - 10}" y="-9">↕</text>` : "";
  return `<g class="live-box${now}${chosen}" transform="translate(${x} ${y})"${press}><rect x="${-BOX / 2}" y="${-TALL / 2}"
    width="${BOX}" height="${TALL}" rx="8"/><text y="${sloped ? -3 : 5}">${value}</text>${slope}${target}${mark}</g>`;
}

function graph(s, kind, text) {
  const { width, height, at } = layouts[kind];
  const names = Object.keys(at);
  const arrows = names.filter((name) => name !== "loss").map((name) => arrow(s, at, name));
  const boxes = names.map((name) => box(s, at, name, text));
  const label = names.filter((name) => s.step >= valueStep(name)).map((name) =>
    text.says(symbols[name], short(values(s)[name])) + (s.step >= slopeStep(name) ? `, ${text.slope} ${short(slopes(s)[name])}` : ""));
  return panel(s.step > 3 ? text.backward : text.forward, { width, height, label: label.join("; "), kind: `live-${kind}` },
    arrows.join("") + boxes.join(""));
}

const bracketed = (value) => (value < 0 ? `(${short(value)})` : short(value));

// What the last step worked out, with its numbers.
function worked(s, text) {
  const { z, a, loss } = values(s);
  const slope = slopes(s);
  const factor = factors(s);
  const product = (name, from, written) =>
    `${text.slope} ${symbols[name]} = ${short(slope[from])} · ${written} = ${short(slope[from])} · ${bracketed(factor[name])} = <b class="live-result">${short(slope[name])}</b>`;
  return [
    text.begin,
    `z = x₁ w₁ + x₂ w₂ + b = ${short(s.x1)} · ${bracketed(s.w1)} + ${bracketed(s.x2)} · ${bracketed(s.w2)} + ${bracketed(s.b)} = <b class="live-result">${short(z)}</b>`,
    `a = σ(z) = 1 / (1 + e<sup>${short(-z)}</sup>) = <b class="live-result">${short(a)}</b>`,
    `L = (a − y)² = (${short(a)} − ${short(s.y)})² = <b class="live-result">${short(loss)}</b>`,
    `${text.slope} L = <b class="live-result">1</b>`,
    product("a", "loss", "2 (a − y)"),
    product("z", "a", "a (1 − a)"),
    text.all + inputs.map((name) =>
      ` <span class="live-term">${symbols[name]}: ${short(slope.z)} · ${bracketed(factor[name])} = <b class="live-result">${short(slope[name])}</b></span>`).join(", "),
  ][s.step];
}

const drawing = (s, text) => `<div class="live-fit">${graph(s, "wide", text)}${graph(s, "narrow", text)}</div>
  <p class="live-arithmetic">${worked(s, text)}</p>`;

function summary(s, text) {
  const all = values(s);
  const chosen = text.says(symbols[s.knob], short(all[s.knob]));
  const values_ = ["z", "a", "loss"].slice(0, s.step).map((name) => text.says(symbols[name], short(all[name])));
  const back = ["loss", "a", "z", s.knob].slice(0, Math.max(s.step - 3, 0)).map((name) => text.slopes(symbols[name], short(slopes(s)[name])));
  return `${[chosen, ...values_, ...back].join("; ")}.`;
}

const nudge = (amount) => (s) => ({ [s.knob]: s[s.knob] + amount });
const keys = {
  ArrowLeft: (s) => ({ step: s.step - 1 }),
  ArrowRight: (s) => ({ step: s.step + 1 }),
  ArrowUp: nudge(0.1),
  ArrowDown: nudge(-0.1),
  Home: () => ({ step: 0 }),
  End: () => ({ step: STEPS }),
};

const step = (s) => (s.step < STEPS ? { step: s.step + 1 } : null);

const controls = (text) => [
  ...["x1", "w1", "x2", "w2", "b"].map((key) => ({ key, label: symbols[key], min: -3, max: 3, step: 0.1 })),
  { key: "y", label: text.target, min: 0, max: 1, step: 0.1 },
  { key: "step", label: text.at, max: STEPS },
];

export default liveFigure({
  name: "backprop_graph", defaults, words, controls, tidy, drawing, summary, keys, step,
  rewind: { step: 0 }, pace: 1200,
});
