// Logits become probabilities: softmax at a temperature, cut by top-k and top-p as labkit.generation does.
import { clamp, decades, escape, fixed, liveFigure, panel, range, replaced, sets, short, softmax, sum } from "./shared.js";

const defaults = {
  tokens: ["mat", "sofa", "floor", "roof", "moon"], logits: [3.2, 2.4, 1.9, 0.6, -1.0],
  temperature: 1, k: null, p: 1, selected: 0,
};

const words = {
  en: {
    label: "Softmax with a temperature",
    stage: "Logits and probabilities. Up and down choose a token, left and right change its logit.",
    hint: "Change a logit: drag its bar, or press Tab to reach the figure and use the arrow keys.",
    temperature: "temperature T", k: "top-k", p: "top-p", all: "all",
    logits: "logits z", probabilities: "probabilities, softmax of z / T", cut: "cut",
    after: "probabilities, before and after the cut",
    entropy: "entropy", nats: "nats", most: "at most", before: "before the cut",
    kept: "kept", reaches: (total, p) => `${total}, which reaches ${p}`,
    says: (token, z, p, entropy) => `${token}: logit ${z}, probability ${p}. Entropy ${entropy} nats.`,
  },
};

export const entropy = (p) => -sum(p.map((share) => (share > 0 ? share * Math.log(share) : 0)));

// All but the k largest become minus infinity; those that equal the k-th stay.
export function topK(z, k) {
  const least = [...z].sort((a, b) => b - a)[k - 1];
  return z.map((value) => (value >= least ? value : -Infinity));
}

// All but the likeliest become minus infinity: as few as together reach p.
export function topP(z, p) {
  const shares = softmax(z);
  const order = range(z.length).sort((a, b) => shares[b] - shares[a] || a - b);
  const stays = z.map(() => false);
  let total = 0;
  for (const i of order) {
    total += shares[i];
    stays[i] = total - shares[i] < p;
  }
  return z.map((value, i) => (stays[i] ? value : -Infinity));
}

// The probabilities before the cuts, between them, and after both.
export function probabilities({ logits, temperature, k, p }) {
  const scaled = logits.map((z) => z / temperature);
  const few = topK(scaled, k);
  return { whole: softmax(scaled), few: softmax(few), left: softmax(topP(few, p)) };
}

function tidy(state) {
  const s = { ...state };
  const n = s.tokens.length;
  s.logits = s.logits.map((z) => clamp(z, -5, 5));
  s.k = clamp(Math.round(s.k ?? n), 1, n);
  s.p = clamp(s.p, 0.05, 1);
  s.temperature = clamp(s.temperature, 0.1, 10);
  s.selected = clamp(s.selected, 0, n - 1);
  return s;
}

// ---- drawing -------------------------------------------------------------------------------------

const [WIDTH, ROW, LEFT, RIGHT] = [312, 36, 74, 264];
const zero = (LEFT + RIGHT) / 2;

function frame(s, i) {
  const chosen = i === s.selected ? " live-chosen" : "";
  return `<g class="live-row${chosen}" transform="translate(0 ${i * ROW})"><rect class="live-choice"
    x="1" y="2" width="${WIDTH - 2}" height="${ROW - 4}" rx="6"${sets({ selected: i })}/><text class="live-name" x="${LEFT - 8}" y="${ROW / 2 + 5}"
    >${escape(s.tokens[i])}</text>`;
}

function logitRow(s, i) {
  const z = s.logits[i];
  const x = zero + ((RIGHT - LEFT) * z) / 10;
  return `${frame(s, i)}<path class="live-rule" d="M${LEFT} ${ROW / 2}H${RIGHT}M${zero} 5V${ROW - 5}"/>
    <rect class="live-bar ${z < 0 ? "live-minus" : ""}" x="${Math.min(x, zero)}" y="11" width="${Math.abs(x - zero)}"
    height="${ROW - 22}"/><circle class="live-knob" cx="${x}" cy="${ROW / 2}" r="7"/>
    <text class="live-number" x="${WIDTH - 8}" y="${ROW / 2 + 5}">${fixed(z, 1)}</text>
    <rect class="live-reach" data-plane="${i}" x="${LEFT}" y="1" width="${RIGHT - LEFT}" height="${ROW - 2}"/></g>`;
}

function probabilityRow(s, i, { whole, left }, cut, text) {
  const wide = cut ? 130 : 180;
  const before = `<rect class="live-before" x="${LEFT}" y="8" width="${wide * whole[i]}" height="${ROW - 16}"/>`;
  const after = left[i] === 0 ? text.cut : `→ ${fixed(left[i], 3)}`;
  return `${frame(s, i)}<rect class="live-bar" x="${LEFT}" y="8" width="${wide * left[i]}" height="${ROW - 16}"/>
    ${cut ? before : ""}<text class="live-number" x="${WIDTH - 8}" y="${ROW / 2 + 5}"
    >${fixed(whole[i], 3)}${cut ? ` ${after}` : ""}</text></g>`;
}

function formula(s, { whole }) {
  const e = s.logits.map((z) => Math.exp(z / s.temperature));
  const i = s.selected;
  return `<p class="live-outcome"><i>p</i>(${escape(s.tokens[i])}) = e<sup>${fixed(s.logits[i], 1)} / ${s.temperature}</sup>
    / Σ e<sup>z / T</sup> = ${short(e[i])} / ${short(sum(e))} = <b class="live-result">${fixed(whole[i], 3)}</b></p>`;
}

// Which tokens top-p keeps: the likeliest first, their probabilities added until p is reached.
function account(s, { few, left }, text) {
  const order = range(s.tokens.length).sort((a, b) => few[b] - few[a] || a - b).filter((i) => left[i] > 0);
  const added = order.map((i) => `${escape(s.tokens[i])} ${fixed(few[i], 3)}`).join(" + ");
  const total = fixed(sum(order.map((i) => few[i])), 3);
  const names = order.map((i) => escape(s.tokens[i])).join(", ");
  const why = s.p < 1 ? `: ${added} = ${text.reaches(total, s.p)}` : `: ${names}`;
  return `<p class="live-outcome">${text.kept}${why}</p>`;
}

function drawing(s, text) {
  const p = probabilities(s);
  const n = s.tokens.length;
  const size = { width: WIDTH, height: n * ROW };
  const cut = p.left.some((share) => share === 0);
  const before = cut ? ` (${fixed(entropy(p.whole), 3)} ${text.before})` : "";
  const listed = (numbers, digits) => s.tokens.map((token, i) => `${token} ${fixed(numbers[i], digits)}`).join(", ");
  const second = cut ? text.after : text.probabilities;
  const label = [`${text.logits}: ${listed(s.logits, 1)}`, `${second}: ${listed(p.left, 3)}`];
  return `<div class="live-panels">
    ${panel(text.logits, { ...size, label: label[0] }, range(n).map((i) => logitRow(s, i)).join(""))}
    ${panel(second, { ...size, label: label[1] }, range(n).map((i) => probabilityRow(s, i, p, cut, text)).join(""))}</div>
    ${formula(s, p)}${cut ? account(s, p, text) : ""}
    <p class="live-outcome">${text.entropy} −Σ p ln p = <b class="live-result">${fixed(entropy(p.left), 3)}</b>
    ${text.nats}${before}, ${text.most} ln ${n} = ${fixed(Math.log(n), 3)}</p>`;
}

function summary(s, text) {
  const { left } = probabilities(s);
  return text.says(s.tokens[s.selected], fixed(s.logits[s.selected], 1), fixed(left[s.selected], 3), fixed(entropy(left), 3));
}

const put = (s, i, z) => ({ selected: i, logits: replaced(s.logits, i, Number(z.toFixed(1))) });

const keys = {
  ArrowUp: (s) => ({ selected: s.selected - 1 }),
  ArrowDown: (s) => ({ selected: s.selected + 1 }),
  ArrowLeft: (s) => put(s, s.selected, s.logits[s.selected] - 0.1),
  ArrowRight: (s) => put(s, s.selected, s.logits[s.selected] + 0.1),
  Home: () => ({ selected: 0 }),
  End: (s) => ({ selected: s.tokens.length - 1 }),
};

const point = (s, plane, across) => put(s, Number(plane), 10 * across - 5);

const controls = (text) => [
  { key: "temperature", label: text.temperature, values: decades(-1, 1) },
  {
    key: "k", label: text.k, min: 1, max: (s) => s.tokens.length,
    show: (k, s) => (k === s.tokens.length ? text.all : k),
  },
  { key: "p", label: text.p, min: 0.05, max: 1, step: 0.05, show: (p) => (p === 1 ? text.all : p) },
];

export default liveFigure({
  name: "softmax_temperature", defaults, words, controls, tidy, drawing, summary, keys, point,
});
