// What one output sees of the input, through up to five convolutions or poolings, along one axis.
import { clamp, liveFigure, panel, range, replaced, sets, sum } from "./shared.js";

const MOST = 5; // layers
const LINES = 400; // more than this would be a grey patch

const defaults = {
  layers: [[3, 1, 1], [2, 2, 1], [3, 1, 1], [2, 2, 1], [3, 1, 1]], layer: null, unit: 1,
};

const words = {
  en: {
    label: "Receptive field",
    stage: "Layers over an input. Left and right choose an output, up and down a layer.",
    hint: "Drag over the top or the bottom row. Arrow keys: left and right choose an output, up and down a layer.",
    play: "Slide along", pause: "Pause", step: "Next output",
    count: "layers", layer: "chosen layer", kernel: "its kernel k", stride: "its stride s", dilation: "its dilation d",
    title: (n) => `${n} places of the input, the layers over them`,
    table: "field r and jump j after each layer", row: "layer", input: "input",
    says: (unit, m, seen, n, first, last) => `Output ${unit} of ${m} sees ${seen} of ${n} places, from ${first} to ${last}.`,
    chosen: (l, r, j) => `After layer ${l} the field is ${r} and the jump ${j}.`,
  },
};

const spanOf = ([k, , d]) => d * (k - 1) + 1;

// Before the first layer and after each: the field r, the jump j between neighbours, where the first
// unit's middle lies, all in places of the input.
export function growth(layers) {
  const rows = [{ r: 1, j: 1, middle: 0 }];
  for (const layer of layers) {
    const { r, j, middle } = rows.at(-1);
    const reach = (spanOf(layer) - 1) * j;
    rows.push({ r: r + reach, j: layer[1] * j, middle: middle + reach / 2 });
  }
  return rows;
}

// How many units each row has: as many outputs as fit over some thirty places, at least three.
export function counts(layers) {
  const { r, j } = growth(layers).at(-1);
  const sizes = [Math.max(3, Math.floor((30 - r) / j) + 1)];
  for (const layer of [...layers].reverse()) sizes.unshift((sizes[0] - 1) * layer[1] + spanOf(layer));
  return sizes;
}

// For each row the number of paths from each of its units to the chosen output; 0 is not seen.
export function paths({ layers, unit }) {
  const sizes = counts(layers);
  const rows = [range(sizes.at(-1)).map((i) => (i === unit ? 1 : 0))];
  for (let l = layers.length - 1; l >= 0; l--) {
    const [k, s, d] = layers[l];
    const below = range(sizes[l]).map(() => 0);
    rows[0].forEach((n, i) => range(k).forEach((t) => (below[i * s + t * d] += n)));
    rows.unshift(below);
  }
  return rows;
}

const limits = [[1, 5], [1, 3], [1, 4]];

function tidy(state) {
  const s = { ...state };
  s.layers = s.layers.slice(0, MOST).map((layer) => layer.map((x, i) => clamp(Math.round(x), ...limits[i])));
  s.layer = clamp(Math.round(s.layer ?? MOST), 1, s.layers.length);
  s.unit = clamp(Math.round(s.unit), 0, counts(s.layers).at(-1) - 1);
  return s;
}

// ---- drawing -------------------------------------------------------------------------------------

const [WIDTH, LEFT, STEP, UNIT] = [318, 16, 46, 14];

function units(row, y, at, side) {
  const square = (i) => `M${(at(i) - side / 2).toFixed(1)} ${y}h${side.toFixed(1)}v${UNIT}h${(-side).toFixed(1)}z`;
  const which = (seen) => row.flatMap((n, i) => (n > 0 === seen ? [square(i)] : [])).join("");
  return `<path class="live-unit" d="${which(false)}"/><path class="live-unit live-seen" d="${which(true)}"/>`;
}

// The lines from the seen units of one row to those under them.
function rays(row, [k, s, d], from, to, y) {
  const lines = row.flatMap((n, i) => (n === 0 ? [] : range(k).map((t) =>
    `M${from(i).toFixed(1)} ${y + UNIT}L${to(i * s + t * d).toFixed(1)} ${y + STEP}`)));
  return lines.length > LINES ? "" : lines.join("");
}

function pyramid(s, text) {
  const sizes = counts(s.layers);
  const rows = paths(s);
  const grown = growth(s.layers);
  const top = s.layers.length;
  const pitch = (WIDTH - LEFT) / sizes[0];
  const yOf = (l) => 2 + (top - l) * STEP;
  const atOf = (l) => (i) => LEFT + (grown[l].middle + i * grown[l].j + 0.5) * pitch;
  const sideOf = (l) => Math.min(0.86 * pitch * grown[l].j, UNIT);
  const corner = (l, i, way) => `${(atOf(l)(i) + (way * sideOf(l)) / 2).toFixed(1)},${yOf(l) + UNIT / 2}`;
  const cone = [
    ...rows.map((row, l) => corner(l, row.findIndex((n) => n > 0), -1)),
    ...rows.map((row, l) => corner(l, row.findLastIndex((n) => n > 0), 1)).reverse(),
  ];
  const lines = range(top).map((l) => rays(rows[l + 1], s.layers[l], atOf(l + 1), atOf(l), yOf(l + 1)));
  const drawn = rows.map((row, l) => {
    const target = l === 0 || l === top
      ? `data-plane="row${l}" x="${atOf(l)(0) - (pitch * grown[l].j) / 2}" width="${sizes[l] * grown[l].j * pitch}"`
      : `${sets({ layer: l })} x="0" width="${WIDTH}"`;
    return `${units(row, yOf(l), atOf(l), sideOf(l))}<text class="live-tick${l === s.layer ? " live-strong" : ""}"
      x="6" y="${yOf(l) + 11}">${l || ""}</text><rect class="live-reach" ${target} y="${yOf(l) - 3}" height="${UNIT + 6}"/>`;
  });
  const size = { width: WIDTH, height: yOf(0) + UNIT + 4, label: summary(s, text), grow: 1.2 };
  return panel(text.title(sizes[0]), size, `<polygon class="live-cone" points="${cone.join(" ")}"/>
    <path class="live-rays" d="${lines.join("")}"/>${drawn.join("")}`);
}

function table(s, text) {
  const rows = growth(s.layers).map(({ r, j }, l) => {
    const [name, own] = l ? [l, s.layers[l - 1]] : [text.input, ["", "", ""]];
    const cells = [...own, r, j].map((value) => `<td>${value}</td>`).join("");
    const chosen = l === s.layer;
    return `<tr class="${chosen ? "live-strong" : ""}"${l ? sets({ layer: l }) : ""}><th scope="row">${chosen ? "▸ " : ""}${name}</th>${cells}</tr>`;
  });
  const heads = [text.row, "k", "s", "d", "r", "j"].map((name) => `<th scope="col">${name}</th>`).join("");
  return `<figure class="live-panel"><figcaption>${text.table}</figcaption><table class="live-table"><thead><tr>${heads}</tr></thead>
    <tbody>${rows.reverse().join("")}</tbody></table></figure>`;
}

function formulas(s) {
  const l = s.layer;
  const [k, stride, d] = s.layers[l - 1];
  const [before, after] = growth(s.layers).slice(l - 1, l + 1);
  const term = (name, i) => `<i>${name}</i><sub>${i}</sub>`;
  return `<p class="live-outcome">${term("r", l)} = ${term("r", l - 1)} + <i>d</i> (<i>k</i> − 1) ${term("j", l - 1)}
    = ${before.r} + ${d} · (${k} − 1) · ${before.j} = <b class="live-result">${after.r}</b></p>
    <p class="live-outcome">${term("j", l)} = <i>s</i> ${term("j", l - 1)} = ${stride} · ${before.j}
    = <b class="live-result">${after.j}</b></p>`;
}

const drawing = (s, text) => `<div class="live-panels">${pyramid(s, text)}${table(s, text)}</div>
  ${formulas(s)}<p class="live-outcome">${sight(s, text)}</p>`;

function sight(s, text) {
  const row = paths(s)[0];
  const [first, last] = [row.findIndex((n) => n > 0), row.findLastIndex((n) => n > 0)];
  return text.says(s.unit + 1, counts(s.layers).at(-1), sum(row.map((n) => (n > 0 ? 1 : 0))), row.length, first + 1, last + 1);
}

function summary(s, text) {
  const { r, j } = growth(s.layers)[s.layer];
  return `${sight(s, text)} ${text.chosen(s.layer, r, j)}`;
}

const keys = {
  ArrowLeft: (s) => ({ unit: s.unit - 1 }),
  ArrowRight: (s) => ({ unit: s.unit + 1 }),
  ArrowUp: (s) => ({ layer: s.layer + 1 }),
  ArrowDown: (s) => ({ layer: s.layer - 1 }),
  Home: () => ({ unit: 0 }),
  End: (s) => ({ unit: counts(s.layers).at(-1) - 1 }),
};

// Over the top row the unit itself, over the input the unit whose field has its middle there.
function point(s, plane, across) {
  const { middle, j } = growth(s.layers).at(-1);
  const [places, outputs] = [counts(s.layers)[0], counts(s.layers).at(-1)];
  if (plane === "row0") return { unit: Math.round((across * places - 0.5 - middle) / j) };
  return { unit: Math.floor(across * outputs) };
}

const step = (s) => ({ unit: (s.unit + 1) % counts(s.layers).at(-1) });

function controls(text) {
  const part = (i, key) => ({
    key, label: text[key], min: limits[i][0], max: limits[i][1],
    get: (s) => s.layers[s.layer - 1][i],
    set: (s, value) => ({ layers: replaced(s.layers, s.layer - 1, replaced(s.layers[s.layer - 1], i, value)) }),
  });
  return [
    {
      key: "count", label: text.count, min: 1, max: MOST, get: (s) => s.layers.length,
      set: (s, n) => ({ layers: range(n).map((l) => s.layers[l] ?? [3, 1, 1]) }),
    },
    { key: "layer", label: text.layer, min: 1, max: (s) => s.layers.length },
    part(0, "kernel"), part(1, "stride"), part(2, "dilation"),
  ];
}

export default liveFigure({
  name: "receptive_field", defaults, words, controls, tidy, drawing, summary, keys, point, step,
});
