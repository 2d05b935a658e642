// Attention over a sentence: queries and keys made by a simple rule, and the weights that follow.
import { clamp, fixed, liveFigure, panel, range, sets, short, softmax, sum } from "./shared.js";

const defaults = { sentence: "cat", rule: "previous", d: 8, query: 6, causal: false, scaled: true };

const words = {
  en: {
    label: "Attention map",
    stage: "Weights of attention. The arrow keys choose the word that asks.",
    hint: "Choose the word that asks: press on it, or press Tab to reach the figure and use the arrow keys.",
    play: "Play", pause: "Pause", step: "Next word",
    sentence: "sentence", rule: "rule", d: "dimensions d", causal: "no word ahead", scaled: "divide by √d",
    previous: "the word before", same: "the same word", noun: "nouns", random: "none, at random",
    asks: "query", answers: "key", score: "score", weight: "weight",
    lines: (word) => `where “${word}” looks`, map: "weights of all queries, one a row",
    most: (word, key, weight) => `“${word}” looks most at “${key}”, with weight ${weight}.`,
  },
};

const sentences = {
  cat: "the cat saw the dog and it ran",
  tea: "she made tea and he drank the tea",
  boat: "a small boat left the small port at dawn",
};
const nouns = ["cat", "dog", "tea", "boat", "port", "dawn"];
const dimensions = [2, 4, 8, 16, 32, 64];

export const tokensOf = (s) => sentences[s.sentence].split(" ");

// Always the same d random numbers for the same word: uniform ones, as normal ones, as signs.
function uniform(word, d) {
  let seed = [...word].reduce((h, c) => Math.imul(h ^ c.charCodeAt(0), 16777619), 2166136261);
  return range(d).map(() => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  });
}
function normal(word, d) {
  const u = uniform(word, 2 * d);
  return range(d).map((i) => Math.sqrt(-2 * Math.log(1 - u[i])) * Math.cos(2 * Math.PI * u[d + i]));
}
const signs = (word, d) => uniform(word, d).map((u) => (u < 0.5 ? -1 : 1));

// A place as d / 2 hands of clocks that turn at different speeds: cosine and sine of each.
const place = (i, d) =>
  range(d / 2).flatMap((m) => [Math.cos((Math.PI * (m + 1) * i) / 10), Math.sin((Math.PI * (m + 1) * i) / 10)]);

// The query and the key of word i, for each rule.
const rules = {
  previous: (i, word, d) => ({ q: place(i - 1, d).map((x) => 2 * x), k: place(i, d) }),
  same: (i, word, d) => ({ q: signs(word, d), k: signs(word, d) }),
  noun: (i, word, d) => ({ q: range(d).map(() => 1), k: range(d).map(() => (nouns.includes(word) ? 1 : -1)) }),
  random: (i, word, d) => ({ q: normal(`q${i}`, d), k: normal(`k${i}`, d) }),
};

export const vectors = (s) => tokensOf(s).map((word, i) => rules[s.rule](i, word, s.d));

// Row i: the scores q_i · k_j of all words, divided by √d if so asked; −∞ where i may not look.
export function scores(s) {
  const all = vectors(s);
  const scale = s.scaled ? 1 / Math.sqrt(s.d) : 1;
  return all.map(({ q }, i) =>
    all.map(({ k }, j) => (s.causal && j > i ? -Infinity : scale * sum(q.map((x, c) => x * k[c])))));
}

export const weights = (s) => scores(s).map(softmax);

function tidy(state) {
  const s = { ...state };
  if (!dimensions.includes(s.d)) s.d = defaults.d;
  s.query = clamp(Math.round(s.query), 0, tokensOf(s).length - 1);
  return s;
}

// ---- drawing -------------------------------------------------------------------------------------

const [WIDTH, ROW, TOP, CELL, SIDE, HEAD] = [312, 27, 22, 28, 52, 46];

function ask(i, x, width, text, kind) {
  const y = TOP + i * ROW;
  return `<g class="live-row ${kind}"${sets({ query: i })}><rect class="live-choice" x="${x}" y="${y + 1}" width="${width}"
    height="${ROW - 2}" rx="6"/><text x="${x + width - 6}" y="${y + ROW / 2 + 5}" text-anchor="end">${text}</text></g>`;
}

function lines(s, tokens, z, w, text) {
  const middle = (i) => TOP + (i + 0.5) * ROW;
  const heads = [[54, text.asks], [166, text.answers], [220, text.score], [308, text.weight]];
  const asking = tokens.map((word, i) => ask(i, 2, 58, word, i === s.query ? "live-chosen" : ""));
  const answering = tokens.map((word, j) => {
    if (z[j] === -Infinity) return `<g class="live-row live-closed"><text x="166" y="${middle(j) + 5}">${word}</text></g>`;
    const curve = `M62 ${middle(s.query)}C90 ${middle(s.query)} 90 ${middle(j)} 118 ${middle(j)}`;
    return `<path class="live-ray" d="${curve}" stroke-width="${(0.5 + 9 * w[j]).toFixed(2)}" stroke-opacity="${(0.25 + 0.75 * w[j]).toFixed(2)}"/>
      <g class="live-row"><text x="166" y="${middle(j) + 5}">${word}</text><text x="220" y="${middle(j) + 5}">${fixed(z[j], 2)}</text>
      <rect class="live-bar" x="226" y="${middle(j) - 7}" width="${(48 * w[j]).toFixed(1)}" height="14"/>
      <text x="308" y="${middle(j) + 5}">${fixed(w[j], 2)}</text></g>`;
  });
  const titles = heads.map(([x, title]) => `<text class="live-tick live-beside" x="${x}" y="14">${title}</text>`);
  const size = { width: WIDTH, height: TOP + tokens.length * ROW, label: summary(s, text) };
  return panel(text.lines(tokens[s.query]), size, titles.join("") + answering.join("") + asking.join(""));
}

function map(s, tokens, text) {
  const all = weights(s);
  const n = tokens.length;
  const above = tokens.map((word, j) =>
    `<text class="live-tick live-slanted" transform="translate(${SIDE + (j + 0.6) * CELL} ${HEAD - 5}) rotate(-45)">${word}</text>`);
  const cells = all.flatMap((row, i) => row.map((w, j) => {
    const [x, y] = [SIDE + j * CELL, HEAD + i * CELL];
    const closed = s.causal && j > i;
    return `<g class="live-cell live-small ${closed ? "live-pad" : ""}"${sets({ query: i })}><rect x="${x + 1}" y="${y + 1}"
      width="${CELL - 2}" height="${CELL - 2}" rx="3"/><rect class="live-shade" x="${x + 1}" y="${y + 1}" width="${CELL - 2}"
      height="${CELL - 2}" rx="3" fill-opacity="${(0.6 * w).toFixed(3)}"/><text x="${x + CELL / 2}" y="${y + CELL / 2 + 4}"
      >${closed ? "" : fixed(w, 2).replace(/^0/, "")}</text></g>`;
  }));
  const beside = tokens.map((word, i) =>
    `<text class="live-tick live-beside${i === s.query ? " live-strong" : ""}" x="${SIDE - 5}" y="${HEAD + (i + 0.5) * CELL + 4}">${word}</text>`);
  const frame = `<rect class="live-window" x="${SIDE - 0.5}" y="${HEAD + s.query * CELL - 0.5}" width="${n * CELL + 1}" height="${CELL + 1}" rx="4"/>`;
  const size = { width: Math.max(SIDE + n * CELL + 4, WIDTH), height: HEAD + n * CELL + 3, label: text.map };
  return panel(text.map, size, above.join("") + beside.join("") + cells.join("") + frame);
}

function drawing(s, text) {
  const tokens = tokensOf(s);
  const z = scores(s)[s.query];
  const w = softmax(z);
  const j = w.indexOf(Math.max(...w));
  const e = z.map(Math.exp);
  const product = sum(vectors(s)[s.query].q.map((x, c) => x * vectors(s)[j].k[c]));
  const divided = s.scaled ? ` / √${s.d} = ${fixed(z[j], 2)}` : "";
  return `<div class="live-panels">${lines(s, tokens, z, w, text)}${map(s, tokens, text)}</div>
    <p class="live-outcome">${text.score} (${tokens[s.query]}, ${tokens[j]}) = ${fixed(product, 2)}${divided}</p>
    <p class="live-outcome">${text.weight} = e<sup>${fixed(z[j], 2)}</sup> / Σ e<sup>${text.score}</sup>
    = ${short(e[j])} / ${short(sum(e))} = <b class="live-result">${fixed(w[j], 3)}</b></p>`;
}

function summary(s, text) {
  const tokens = tokensOf(s);
  const w = weights(s)[s.query];
  const most = Math.max(...w);
  return text.most(tokens[s.query], tokens[w.indexOf(most)], fixed(most, 2));
}

const before = (s) => ({ query: s.query - 1 });
const after = (s) => ({ query: s.query + 1 });
const keys = {
  ArrowLeft: before, ArrowUp: before, ArrowRight: after, ArrowDown: after,
  Home: () => ({ query: 0 }), End: (s) => ({ query: tokensOf(s).length - 1 }),
};

const step = (s) => ({ query: (s.query + 1) % tokensOf(s).length });

const controls = (text) => [
  { key: "sentence", label: text.sentence, options: sentences },
  {
    key: "rule", label: text.rule,
    options: Object.fromEntries(Object.keys(rules).map((rule) => [rule, text[rule]])),
  },
  { key: "d", label: text.d, values: dimensions },
  { key: "scaled", label: text.scaled, toggle: true },
  { key: "causal", label: text.causal, toggle: true },
];

export default liveFigure({ name: "attention_map", defaults, words, controls, tidy, drawing, summary, keys, step });
