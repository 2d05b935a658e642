// What every live figure shares. A figure says what its state is, which controls change it, and how
// a state is drawn (a pure function from state to HTML, so that the same code makes the still image).

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const range = (n) => Array.from({ length: Math.max(n, 0) }, (_, i) => i);
export const sum = (numbers) => numbers.reduce((total, x) => total + x, 0);
export const replaced = (list, i, value) => list.map((old, j) => (j === i ? value : old));
export function softmax(z) {
  const most = Math.max(...z);
  const e = z.map((value) => Math.exp(value - most));
  return e.map((value) => value / sum(e));
}
export const escape = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);

// Numbers as a reader sees them: a true minus sign, no minus before zero, few digits.
export const signed = (value) => String(value).replaceAll("-", "\u2212");
export const fixed = (value, digits) => signed(value.toFixed(digits).replace(/^-(0\.?0*)$/, "$1"));
export function short(value, digits = 3) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "?" : signed(value).replace("Infinity", "∞");
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e").map(Number);
  const raised = [...String(exponent)].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join("");
  const times = `${signed(mantissa)}·`.replace(/^(\u2212?)1·$/, "$1");
  if (value !== 0 && (exponent < -4 || exponent > 5)) return `${times}10${raised}`;
  return signed(Number(value.toPrecision(digits)));
}

// One picture with its caption; on a narrow page it shrinks to the page's width.
export function panel(title, { width, height, label, grow = 1, kind = "" }, content) {
  return `<figure class="live-panel ${kind}"><figcaption>${title}</figcaption><svg role="img"
    aria-label="${escape(label ?? title)}" viewBox="0 0 ${width} ${height}" width="${width * grow}"
    height="${height * grow}">${content}</svg></figure>`;
}

// Slider stops from 10^low to 10^high, ten for each factor of ten: 1, 1.25, 1.6, 2, ...
export const decades = (low, high) =>
  range(high - low).flatMap((i) =>
    [1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8].map((x) => Number((x * 10 ** (low + i)).toPrecision(3))),
  ).concat(10 ** high);

// Two axes round a box of pixels, with ticks [[place, text], ...] along each.
export function axes({ left, top, right, bottom }, across, up) {
  const below = across.map(([x, text]) => `<text class="live-tick" x="${x}" y="${bottom + 15}">${text}</text>`);
  const beside = up.map(([y, text]) => `<path class="live-rule" d="M${left} ${y}H${right}"/>
    <text class="live-tick live-beside" x="${left - 5}" y="${y + 4}">${text}</text>`);
  return `${beside.join("")}<path class="live-axis" d="M${left} ${top}V${bottom}H${right}"/>${below.join("")}`;
}

// The attribute that makes a part of a drawing change the state when it is pressed.
export const sets = (part) => ` data-set="${escape(JSON.stringify(part))}"`;

// The words of the page's language; English where it has none.
export function wordsOf(dictionary) {
  const language = typeof document === "undefined" ? "en" : document.documentElement.lang;
  return dictionary[language.slice(0, 2)] ?? dictionary.en;
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

function readState(model, defaults) {
  return Object.fromEntries(
    Object.entries(defaults).map(([key, value]) => [key, model.get(key) ?? value]),
  );
}

function nearest(values, value) {
  const far = values.map((v) => Math.abs(v - value));
  return far.indexOf(Math.min(...far));
}

const resolved = (value, state) => (typeof value === "function" ? value(state) : value);

// How each kind of control is written in HTML, read, and shown a value.
const kinds = {
  choice: {
    html: ({ options }) =>
      `<select>${Object.entries(options).map(([v, text]) => `<option value="${v}">${text}</option>`).join("")}</select>`,
    read: (input) => input.value,
    write: (input, value) => (input.value = value),
  },
  toggle: {
    html: () => `<input type="checkbox">`,
    read: (input) => input.checked,
    write: (input, value) => (input.checked = value),
  },
  slider: {
    html: ({ step = 1 }) => `<input type="range" step="${step}"><output></output>`,
    read: (input, { values }) => (values ? values[input.value] : Number(input.value)),
    write(input, value, { values, min = 0, max, show = signed }, state) {
      input.min = min;
      input.max = values ? values.length - 1 : resolved(max, state);
      input.value = values ? nearest(values, value) : value;
      input.nextElementSibling.textContent = show(value, state);
      input.setAttribute("aria-valuetext", input.nextElementSibling.textContent);
    },
  },
};

// A control of one key of the state, or of whatever its own get and set say.
function controlOf(control, change) {
  const { key, label, when, get = (s) => s[key], set = (s, value) => ({ [key]: value }) } = control;
  const kind = kinds[control.options ? "choice" : control.toggle ? "toggle" : "slider"];
  const row = document.createElement("label");
  row.className = "live-control";
  row.innerHTML = `<span>${label}</span>${kind.html(control)}`;
  const input = row.children[1];
  input.dataset.key = key;
  input.addEventListener("input", () => change((s) => set(s, kind.read(input, control))));
  const show = (state) => {
    row.hidden = when ? !when(state) : false;
    kind.write(input, get(state), control, state);
  };
  return { row, show };
}

function buttonOf(label, press) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.addEventListener("click", press);
  return button;
}

// JupyterLab takes keys for its own shortcuts before they reach us; the window hears them first.
// A key pressed inside the figure is then the figure's: handled here, or left to the control.
function ownKeys(el, stage, press) {
  const listen = (event) => {
    const focus = el.getRootNode().activeElement;
    if (!el.contains(focus) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Tab" || event.key === "Escape") return;
    event.stopPropagation();
    if (focus === stage && press(event.key)) event.preventDefault();
  };
  window.addEventListener("keydown", listen, true);
  return () => window.removeEventListener("keydown", listen, true);
}

// Mouse, pen and finger. Pressing or dragging over a part with data-set changes the state by it. A
// drag that begins on data-plane="NAME" (or on its handle, data-grip="NAME") tells the figure where
// on that part it is, from 0 to 1 on both axes, until it ends. A finger that goes up or down scrolls the
// page and must change nothing: it acts when it goes sideways or is lifted; on a handle, always.
function ownPointer(stage, change, point) {
  let plane = null;
  const under = (event) => document.elementFromPoint(event.clientX, event.clientY);
  const act = (event) => {
    if (plane !== null) {
      const box = stage.querySelector(`[data-plane="${plane}"]`)?.getBoundingClientRect();
      if (!box) return;
      const across = clamp((event.clientX - box.left) / box.width, 0, 1);
      const down = clamp((event.clientY - box.top) / box.height, 0, 1);
      return change((s) => point(s, plane, across, down));
    }
    const part = under(event)?.closest("[data-set]");
    if (part && stage.contains(part)) change(() => JSON.parse(part.dataset.set));
  };
  const end = () => {
    plane = null;
    stage.onpointermove = null;
  };
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    const start = under(event)?.closest("[data-plane], [data-grip]");
    plane = start?.dataset.plane ?? start?.dataset.grip ?? null;
    stage.setPointerCapture(event.pointerId);
    const finger = event.pointerType === "touch";
    const sideways = ({ clientX: x, clientY: y }) => Math.abs(x - event.clientX) > Math.abs(y - event.clientY);
    stage.onpointermove = (move) => (!finger || start?.dataset.grip || sideways(move)) && act(move);
    if (!finger) act(event);
  });
  stage.addEventListener("pointerup", (event) => {
    if (stage.onpointermove) act(event);
    end();
  });
  stage.addEventListener("pointercancel", end);
  // touch-action would say the same, but Chromium does not hear it from a part of an SVG
  const hold = (event) => event.target.closest("[data-grip]") && event.preventDefault();
  stage.addEventListener("touchstart", hold, { passive: false });
}

// One figure from its description:
//   name      one word for the page's selectors
//   defaults  state: {key: value}
//   words     {en: {label, stage, hint, play, pause, step, ...}}
//   controls  (words) => [{key, label} and {min, max, step} or {values} or {options} or {toggle}];
//             optional: show ((value, state) => text), when (state => shown), get and set (see controlOf)
//   tidy      state => state, made possible again after a change
//   drawing   (state, words) => HTML
//   summary   (state, words) => what changed, in a sentence, for those who listen
//   keys      {key: state => change}
//   point     (state, plane, across, down) => change (optional)
//   step      state => change: the next frame of the animation, null behind the last (optional)
//   rewind    change: back to the first frame, where there is a last; pace: milliseconds a frame
export function liveFigure(figure) {
  const { name, defaults, words, controls, tidy, drawing, summary, keys } = figure;
  const { point, step, rewind = {}, pace = 600 } = figure;
  const still = (state = {}) => drawing(tidy({ ...defaults, ...state }), wordsOf(words));

  function render({ model, el }) {
    const text = wordsOf(words);
    let state = tidy(readState(model, defaults));
    let timer = null;
    el.classList.add("live");
    el.dataset.live ??= name;
    el.setAttribute("role", "group");
    el.setAttribute("aria-label", text.label);
    el.innerHTML = `<div class="live-controls"></div><div class="live-buttons"></div>
      <div class="live-stage" tabindex="0" role="application" aria-label="${escape(text.stage)}"></div>
      <p class="live-hint">${text.hint}</p><p class="live-summary" aria-live="polite"></p>`;
    const [panel, buttons, stage, , spoken] = el.children;
    const rows = controls(text).map((control) => controlOf(control, (part) => change(part)));
    panel.append(...rows.map(({ row }) => row));

    const change = (part) => {
      const next = tidy({ ...state, ...part(state) });
      const changed = Object.keys(defaults).filter((key) => !same(next[key], state[key]));
      if (!changed.length) return;
      state = next;
      for (const key of changed) model.set(key, next[key]);
      try {
        model.save_changes();
      } catch {
        // a page without a kernel has nowhere to save to
      }
      draw();
    };
    const say = () => (spoken.textContent = summary(state, text));
    const draw = () => {
      stage.innerHTML = drawing(state, text);
      el.dataset.state = JSON.stringify(state);
      for (const { show } of rows) show(state);
      if (!timer) say();
    };
    const stop = () => {
      clearInterval(timer);
      timer = null;
      if (buttons.firstChild) buttons.firstChild.textContent = text.play;
      say();
    };
    const frame = () => {
      const part = el.isConnected && step(state);
      if (part) change(() => part);
      else stop();
    };
    const play = () => {
      if (timer) return stop();
      if (!step(state)) change(() => rewind);
      buttons.firstChild.textContent = text.pause;
      timer = setInterval(frame, pace);
    };

    if (step) {
      const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (!calm) buttons.append(buttonOf(text.play, play));
      buttons.append(buttonOf(text.step, () => change((s) => step(s) ?? rewind)));
    }
    ownPointer(stage, change, point);
    const release = ownKeys(el, stage, (key) => {
      if (keys[key]) change(keys[key]);
      return key in keys;
    });
    for (const key of Object.keys(defaults)) {
      model.on(`change:${key}`, () => {
        if (same(model.get(key), state[key])) return;
        state = tidy({ ...state, [key]: model.get(key) });
        draw();
      });
    }
    draw();
    el.dataset.ready = "true";
    return () => {
      stop();
      release();
    };
  }
  return { still, render, tidy, defaults, controls: controls(words.en) };
}
