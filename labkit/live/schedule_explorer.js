// A learning rate over the steps of a training; the schedules are those of labkit.schedules.
import { axes, clamp, decades, liveFigure, panel, range, short } from "./shared.js";

const defaults = {
  schedule: "warmup_cosine", lr: 0.1, steps: 100, warmup_steps: 20, every: 30, factor: 0.1,
  decay: 0.97, step: 40,
};

const words = {
  en: {
    label: "Schedule explorer",
    stage: "Learning rate over the steps. The arrow keys move the marked step.",
    hint: "Move the marked step: drag over a plot, or press Tab to reach it and use the arrow keys.",
    play: "Play", pause: "Pause", step: "Next step",
    schedule: "schedule", lr: "peak rate", steps: "steps in all", warmup_steps: "warm-up steps",
    every: "every … steps", factor: "times", decay: "times, each step", at: "marked step",
    constant: "constant", step_decay: "steps down", exponential: "exponential", cosine: "cosine",
    warmup_cosine: "warm-up, then cosine", one_cycle: "one cycle",
    inverse_square_root: "inverse square root",
    linear: "learning rate", log: "the same on a logarithmic scale",
    says: (name, t, rate, steps) => `${name}: at step ${t} of ${steps} the learning rate is ${rate}.`,
  },
};

const wave = (t, steps, from, to = 0) =>
  to + ((from - to) * (1 + Math.cos(Math.PI * Math.min(t / steps, 1)))) / 2;

// Each schedule: its rate at step t, and the same with its numbers written out.
const schedules = {
  constant: {
    rate: ({ lr }) => lr,
    worked: ({ lr }) => short(lr),
  },
  step_decay: {
    rate: ({ lr, every, factor }, t) => lr * factor ** Math.floor(t / every),
    worked: ({ lr, every, factor }, t) => `${short(lr)} · ${factor}<sup>⌊${t} / ${every}⌋</sup>`,
  },
  exponential: {
    rate: ({ lr, decay }, t) => lr * decay ** t,
    worked: ({ lr, decay }, t) => `${short(lr)} · ${decay}<sup>${t}</sup>`,
  },
  cosine: {
    rate: ({ lr, steps }, t) => wave(t, steps, lr),
    worked: ({ lr, steps }, t) => `½ · ${short(lr)} · (1 + cos(π · ${t} / ${steps}))`,
  },
  warmup_cosine: {
    rate: ({ lr, steps, warmup_steps: up }, t) =>
      t < up ? (lr * t) / up : wave(t - up, steps - up, lr),
    worked: ({ lr, steps, warmup_steps: up }, t) =>
      t < up
        ? `${short(lr)} · ${t} / ${up}`
        : `½ · ${short(lr)} · (1 + cos(π · (${t} − ${up}) / (${steps} − ${up})))`,
  },
  one_cycle: {
    rate({ lr, steps, warmup_steps }, t) {
      const top = warmup_steps - 1;
      return t <= top ? wave(t, top, lr / 25, lr) : wave(t - top, steps - 1 - top, lr, lr / 25 / 1e4);
    },
    worked({ lr, steps, warmup_steps }, t) {
      const top = warmup_steps - 1;
      const part = (from, to, share) =>
        `${short(to)} ${from < to ? "−" : "+"} ½ · ${short(Math.abs(from - to))} · (1 + cos(π · ${share}))`;
      return t <= top
        ? part(lr / 25, lr, `${t} / ${top}`)
        : part(lr, lr / 25 / 1e4, `(${t} − ${top}) / (${steps - 1} − ${top})`);
    },
  },
  inverse_square_root: {
    rate: ({ lr, warmup_steps: up }, t) => lr * Math.min(t / up, Math.sqrt(up / Math.max(t, 1))),
    worked: ({ lr, warmup_steps: up }, t) =>
      t < up ? `${short(lr)} · ${t} / ${up}` : `${short(lr)} · √(${up} / ${t})`,
  },
};

export const rateAt = (s, t) => schedules[s.schedule].rate(s, t);

function tidy(state) {
  const s = { ...state };
  s.steps = clamp(Math.round(s.steps), 20, 500);
  s.warmup_steps = clamp(Math.round(s.warmup_steps), 2, s.steps - 1);
  s.every = clamp(Math.round(s.every), 5, 250);
  s.step = clamp(Math.round(s.step), 0, s.steps - 1);
  return s;
}

// ---- drawing -------------------------------------------------------------------------------------

const [WIDTH, HEIGHT] = [312, 220];
const box = { left: 44, top: 10, right: 302, bottom: 196 };

function plot(s, name, up, ticks, text) {
  const { left, top, right, bottom } = box;
  const last = s.steps - 1;
  const across = (t) => left + ((right - left) * t) / last;
  const places = range(s.steps).map((t) => `${across(t).toFixed(1)},${up(rateAt(s, t)).toFixed(1)}`);
  const [x, y] = places[s.step].split(",");
  const every = s.steps <= 50 ? 10 : s.steps <= 120 ? 20 : s.steps <= 250 ? 50 : 100;
  const marks = range(Math.floor(last / every) + 1).map((i) => [across(i * every), i * every]);
  const label = `${text[name]}. ${summary(s, text)}`;
  return panel(text[name], { width: WIDTH, height: HEIGHT, label },
    `${axes(box, marks, ticks)}<path class="live-now" d="M${x} ${y}V${bottom}M${x} ${y}H${left}"/>
    <polyline class="live-line" points="${places.join(" ")}"/><circle class="live-dot" cx="${x}" cy="${y}" r="5"/>
    <rect class="live-reach" data-plane="${name}" x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/>`);
}

function drawing(s, text) {
  const { top, bottom } = box;
  const linear = (rate) => bottom - ((bottom - top) * rate) / s.lr;
  const log = (rate) => top + ((bottom - top) * clamp(Math.log10(s.lr / rate), 0, 4)) / 4;
  const shares = [0, 0.25, 0.5, 0.75, 1].map((share) => [linear(share * s.lr), short(share * s.lr)]);
  const tens = range(5).map((i) => [log(s.lr / 10 ** i), short(s.lr / 10 ** i)]);
  const worked = schedules[s.schedule].worked(s, s.step);
  const value = short(rateAt(s, s.step));
  const result = worked === value ? "" : `${worked} = `;
  return `<div class="live-panels">${plot(s, "linear", linear, shares, text)}${plot(s, "log", log, tens, text)}</div>
    <p class="live-arithmetic"><i>lr</i>(${s.step}) = ${result}<b class="live-result">${value}</b></p>`;
}

const summary = (s, text) => text.says(text[s.schedule], s.step, short(rateAt(s, s.step)), s.steps);

const keys = {
  ArrowLeft: (s) => ({ step: s.step - 1 }),
  ArrowRight: (s) => ({ step: s.step + 1 }),
  ArrowDown: (s) => ({ step: s.step - 10 }),
  ArrowUp: (s) => ({ step: s.step + 10 }),
  Home: () => ({ step: 0 }),
  End: (s) => ({ step: s.steps - 1 }),
};

const point = (s, plane, across) => ({ step: Math.round(across * (s.steps - 1)) });

const step = (s) => (s.step < s.steps - 1 ? { step: s.step + 1 } : null);

const warm = ["warmup_cosine", "one_cycle", "inverse_square_root"];
const controls = (text) => [
  {
    key: "schedule", label: text.schedule,
    options: Object.fromEntries(Object.keys(schedules).map((name) => [name, text[name]])),
  },
  { key: "lr", label: text.lr, values: decades(-4, 0) },
  { key: "steps", label: text.steps, min: 20, max: 500, step: 10 },
  { key: "step", label: text.at, max: (s) => s.steps - 1 },
  {
    key: "warmup_steps", label: text.warmup_steps, min: 2, max: (s) => s.steps - 1,
    when: (s) => warm.includes(s.schedule),
  },
  { key: "every", label: text.every, min: 5, max: 250, step: 5, when: (s) => s.schedule === "step_decay" },
  {
    key: "factor", label: text.factor, values: [0.1, 0.2, 0.3, 0.5, 0.7, 0.9],
    when: (s) => s.schedule === "step_decay",
  },
  {
    key: "decay", label: text.decay, values: [0.9, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998],
    when: (s) => s.schedule === "exponential",
  },
];

export default liveFigure({
  name: "schedule_explorer", defaults, words, controls, tidy, drawing, summary, keys, point, step,
  rewind: { step: 0 }, pace: 80,
});
