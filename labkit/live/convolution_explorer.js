// A kernel slides over a padded input; the size formula and one output value are worked out.
import { clamp, liveFigure, panel, range, sets, signed, sum } from "./shared.js";

const defaults = {
  size: 8, kernel_size: 3, stride: 1, padding: 1, dilation: 1, kernel: "edge", row: 0, column: 0,
};

const words = {
  en: {
    label: "Convolution explorer",
    stage: "Input, kernel and output. The arrow keys move the window.",
    hint: "Move the window: drag over a grid, or press Tab to reach it and use the arrow keys.",
    play: "Slide the window", pause: "Pause", step: "Next place",
    size: "input size n", kernel_size: "kernel size k", stride: "stride s",
    padding: "padding p", dilation: "dilation d", kernel: "kernel",
    edge: "vertical edge", blur: "sum (blur)", sharpen: "sharpen", identity: "identity",
    input: "input", output: "output", padded: "with padding", nothing: "no place",
    tooLarge: (span, padded) =>
      `The window spans ${span} cells and the padded input has ${padded}: it fits nowhere.`,
    says: (o, r, c, v) => `Output ${o} by ${o}. Row ${r}, column ${c} is ${v}.`,
  },
};

export const spanOf = (s) => s.dilation * (s.kernel_size - 1) + 1;

export function outputSize(s) {
  const room = s.size + 2 * s.padding - spanOf(s);
  return room < 0 ? 0 : Math.floor(room / s.stride) + 1;
}

// A bright square on a dark ground, with a rim: every kernel finds something to do.
export function inputValue(s, row, column) {
  if (row < 0 || column < 0 || row >= s.size || column >= s.size) return 0;
  const middle = (s.size - 1) / 2;
  const far = Math.max(Math.abs(row - middle), Math.abs(column - middle)) / s.size;
  return far < 0.2 ? 3 : far < 0.35 ? 1 : 0;
}

export function kernelValue(s, row, column) {
  const k = s.kernel_size;
  const centre = row === Math.floor(k / 2) && column === Math.floor(k / 2);
  if (s.kernel === "blur") return 1;
  if (s.kernel === "identity") return centre ? 1 : 0;
  if (s.kernel === "sharpen") return centre ? k * k : -1;
  return (column === k - 1 ? 1 : 0) - (column === 0 && k > 1 ? 1 : 0);
}

// The products under the window at one place of the output.
export function terms(s, row, column) {
  const all = range(s.kernel_size).flatMap((i) =>
    range(s.kernel_size).map((j) => ({
      row: row * s.stride + i * s.dilation, // in the padded input
      column: column * s.stride + j * s.dilation,
      weight: kernelValue(s, i, j),
    })),
  );
  for (const t of all) t.x = inputValue(s, t.row - s.padding, t.column - s.padding);
  return all;
}

export const outputValue = (s, row, column) =>
  sum(terms(s, row, column).map((t) => t.x * t.weight));

function tidy(state) {
  const s = { ...state };
  const bounds = { size: [1, 12], kernel_size: [1, 5], stride: [1, 4], padding: [0, 3], dilation: [1, 3] };
  for (const [key, [low, high]] of Object.entries(bounds)) s[key] = clamp(Math.round(s[key]), low, high);
  const last = Math.max(outputSize(s) - 1, 0);
  s.row = clamp(s.row, 0, last);
  s.column = clamp(s.column, 0, last);
  return s;
}

// ---- drawing -------------------------------------------------------------------------------------

const CELL = 34;

function cell({ row, column, text, kind = "", strength = 0, note = "", set = null }) {
  const [x, y] = [column * CELL, row * CELL];
  const data = set ? sets(set) : "";
  const small = note ? `<text class="live-note" x="${x + CELL - 4}" y="${y + CELL - 5}">${note}</text>` : "";
  const lift = note ? 3 : 0;
  return `<g class="live-cell ${kind}"${data}><rect x="${x + 1}" y="${y + 1}" width="${CELL - 2}"
    height="${CELL - 2}" rx="3"/><rect class="live-shade" x="${x + 1}" y="${y + 1}" width="${CELL - 2}"
    height="${CELL - 2}" rx="3" fill-opacity="${strength.toFixed(2)}"/><text x="${x + CELL / 2 - lift}"
    y="${y + CELL / 2 + 5 - lift}">${text}</text>${small}</g>`;
}

function grid(title, rows, columns, cells, label) {
  const size = { width: columns * CELL + 4, height: rows * CELL + 4, label };
  return panel(title, size, `<g transform="translate(2 2)">${cells.join("")}</g>`);
}

function inputPanel(s, text, taps) {
  const whole = s.size + 2 * s.padding;
  const last = Math.max(outputSize(s) - 1, 0);
  const place = (at) => clamp(Math.round((at - (spanOf(s) - 1) / 2) / s.stride), 0, last);
  const cells = range(whole * whole).map((i) => {
    const [row, column] = [Math.floor(i / whole), i % whole];
    const [r, c] = [row - s.padding, column - s.padding];
    const inside = r >= 0 && c >= 0 && r < s.size && c < s.size;
    const tap = taps.find((t) => t.row === row && t.column === column);
    const x = inputValue(s, r, c);
    return cell({
      row, column, text: x, strength: inside ? x / 6 : 0,
      kind: (inside ? "" : "live-pad ") + (tap ? "live-tap" : ""),
      note: tap ? `×${signed(tap.weight)}` : "", set: { row: place(row), column: place(column) },
    });
  });
  const frame = taps.length ? windowFrame(s) : "";
  const padded = s.padding ? `, ${whole} × ${whole} ${text.padded}` : "";
  const title = `${text.input} ${s.size} × ${s.size}${padded}`;
  return grid(title, whole, whole, [...cells, frame], title);
}

function windowFrame(s) {
  const [x, y] = [s.column * s.stride * CELL, s.row * s.stride * CELL];
  const side = spanOf(s) * CELL;
  return `<rect class="live-window" x="${x}" y="${y}" width="${side}" height="${side}" rx="5"/>`;
}

function kernelPanel(s, text) {
  const k = s.kernel_size;
  const cells = range(k * k).map((i) => {
    const [row, column] = [Math.floor(i / k), i % k];
    return cell({ row, column, text: signed(kernelValue(s, row, column)), kind: "live-tap" });
  });
  return grid(`${text.kernel} ${k} × ${k}`, k, k, cells, `${text.kernel} ${k} × ${k}: ${text[s.kernel]}`);
}

function outputPanel(s, text) {
  const o = outputSize(s);
  if (!o) return grid(`${text.output}: ${text.nothing}`, 1, 1, [], `${text.output}: ${text.nothing}`);
  const all = range(o * o).map((i) => outputValue(s, Math.floor(i / o), i % o));
  const most = Math.max(...all.map(Math.abs), 1);
  const cells = all.map((value, i) => {
    const [row, column] = [Math.floor(i / o), i % o];
    const here = row === s.row && column === s.column ? " live-here" : "";
    const kind = (value < 0 ? "live-negative" : "live-positive") + here;
    const strength = (0.5 * Math.abs(value)) / most;
    return cell({ row, column, text: signed(value), kind, strength, set: { row, column } });
  });
  return grid(`${text.output} ${o} × ${o}`, o, o, cells, `${text.output} ${o} × ${o}`);
}

const part = (kind, value) => `<b class="live-${kind}">${value}</b>`;

function sizeLine(n, p, d, k, s, result) {
  const above = `${n} + 2${p} − ${d}(${k} − 1) − 1`;
  return `<span class="live-term"><span class="live-floor"><span class="live-fraction"><span>${above}</span>
    <span>${s}</span></span></span> + 1${result}</span>`;
}

function formula(s) {
  const number = (key) => part(key, s[key]);
  const symbols = ["n", "p", "d", "k", "s"].map((letter) => `<i>${letter}</i>`);
  const filled = [
    number("size"), ` · ${number("padding")}`, `${number("dilation")} · `, number("kernel_size"),
    number("stride"),
  ];
  const o = outputSize(s);
  const spoken = `o = floor((${s.size} + 2·${s.padding} − ${s.dilation}·(${s.kernel_size} − 1) − 1) / ${s.stride}) + 1`;
  return `<div class="live-formula" role="img" aria-label="${spoken}${o ? ` = ${o}` : ""}">
    <span class="live-term"><i>o</i> =</span>${sizeLine(...symbols, "")}
    <span class="live-term">=</span>${sizeLine(...filled, o ? ` = ${part("result", o)}` : "")}</div>`;
}

function arithmetic(s, taps) {
  const shown = taps.filter((t) => t.x * t.weight !== 0);
  const products = shown.map((t) => `${t.x} · ${t.weight < 0 ? `(${signed(t.weight)})` : t.weight}`);
  const worked = products.length ? products.join(" + ") : "0";
  const value = signed(outputValue(s, s.row, s.column));
  const place = `<i>out</i>[${s.row}, ${s.column}]`;
  return `<p class="live-arithmetic">${place} = ${worked} = <b class="live-result">${value}</b></p>`;
}

function drawing(s, text) {
  const o = outputSize(s);
  const taps = o ? terms(s, s.row, s.column) : [];
  const whole = s.size + 2 * s.padding;
  const below = o
    ? arithmetic(s, taps)
    : `<p class="live-arithmetic">${text.tooLarge(spanOf(s), whole)}</p>`;
  return `<div class="live-panels">${inputPanel(s, text, taps)}<div class="live-pair">${kernelPanel(s, text)}
    ${outputPanel(s, text)}</div></div>${formula(s)}${below}`;
}

function summary(s, text) {
  const o = outputSize(s);
  if (!o) return text.tooLarge(spanOf(s), s.size + 2 * s.padding);
  return text.says(o, s.row, s.column, outputValue(s, s.row, s.column));
}

const keys = {
  ArrowLeft: (s) => ({ column: s.column - 1 }),
  ArrowRight: (s) => ({ column: s.column + 1 }),
  ArrowUp: (s) => ({ row: s.row - 1 }),
  ArrowDown: (s) => ({ row: s.row + 1 }),
  Home: () => ({ row: 0, column: 0 }),
  End: (s) => ({ row: outputSize(s) - 1, column: outputSize(s) - 1 }),
};

function step(s) {
  const o = Math.max(outputSize(s), 1);
  const next = (s.row * o + s.column + 1) % (o * o);
  return { row: Math.floor(next / o), column: next % o };
}

const controls = (text) => [
  { key: "size", label: text.size, min: 1, max: 12 },
  { key: "kernel_size", label: text.kernel_size, min: 1, max: 5 },
  { key: "stride", label: text.stride, min: 1, max: 4 },
  { key: "padding", label: text.padding, min: 0, max: 3 },
  { key: "dilation", label: text.dilation, min: 1, max: 3 },
  {
    key: "kernel", label: text.kernel,
    options: { edge: text.edge, blur: text.blur, sharpen: text.sharpen, identity: text.identity },
  },
];

export default liveFigure({
  name: "convolution_explorer", defaults, words, controls, tidy, drawing, summary, keys, step,
});
