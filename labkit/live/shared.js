// What every live figure shares. A figure says what its state is, which controls change it, and how
// a state is drawn (a pure function from state to HTML, so that the same code makes the still image).

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
export const range = (n) => Array.from({ length: Math.max(n, 0) }, (_, i) => i);
export const escape = (text) =>
  String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
export const signed = (value) => String(value).replace("-", "\u2212");

// The words of the page's language; English where it has none.
export function wordsOf(dictionary) {
  const language = typeof document === "undefined" ? "en" : document.documentElement.lang;
  return dictionary[language.slice(0, 2)] ?? dictionary.en;
}

function readState(model, defaults) {
  return Object.fromEntries(
    Object.entries(defaults).map(([key, value]) => [key, model.get(key) ?? value]),
  );
}

function sliderOf({ key, label, min, max }, state, change) {
  const row = document.createElement("label");
  row.className = "live-control";
  row.innerHTML = `<span>${label}</span><input type="range" min="${min}" max="${max}" step="1"
    data-key="${key}"><output></output>`;
  const input = row.querySelector("input");
  input.addEventListener("input", () => change({ [key]: Number(input.value) }));
  return row;
}

function choiceOf({ key, label, options }, state, change) {
  const row = document.createElement("label");
  row.className = "live-control";
  const items = Object.entries(options).map(([v, text]) => `<option value="${v}">${text}</option>`);
  row.innerHTML = `<span>${label}</span><select data-key="${key}">${items.join("")}</select>`;
  const input = row.querySelector("select");
  input.addEventListener("input", () => change({ [key]: input.value }));
  return row;
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

// Mouse, pen and finger: pressing or dragging over a part with data-set changes the state by it.
function ownPointer(stage, change) {
  const point = (event) => {
    if (event.type === "pointermove" && event.buttons === 0) return;
    const part = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-set]");
    if (part && stage.contains(part)) change(JSON.parse(part.dataset.set));
  };
  stage.addEventListener("pointerdown", (event) => {
    if (stage.hasPointerCapture?.(event.pointerId)) stage.releasePointerCapture(event.pointerId);
    point(event);
  });
  stage.addEventListener("pointermove", point);
}

// One figure from its description:
//   name      one word for the page's selectors
//   defaults  state: {key: value}
//   words     {en: {label, play, pause, step, ...}}
//   controls  (words) => [{key, label, min, max} or {key, label, options}]
//   tidy      state => state, made possible again after a change
//   drawing   (state, words) => HTML
//   summary   (state, words) => what changed, in a sentence, for those who listen
//   keys      {key: state => change}
//   step      state => change: the next frame of the animation (optional)
export function liveFigure(figure) {
  const { name, defaults, words, controls, tidy, drawing, summary, keys, step } = figure;
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

    const change = (part) => {
      const next = tidy({ ...state, ...part });
      const changed = Object.keys(defaults).filter((key) => next[key] !== state[key]);
      if (!changed.length) return;
      for (const key of changed) model.set(key, next[key]);
      try {
        model.save_changes();
      } catch {
        // a page without a kernel has nowhere to save to
      }
      state = next;
      draw();
    };
    const draw = () => {
      stage.innerHTML = drawing(state, text);
      spoken.textContent = summary(state, text);
      el.dataset.state = JSON.stringify(state);
      for (const input of panel.querySelectorAll("[data-key]")) {
        input.value = state[input.dataset.key];
        const readout = input.parentElement.querySelector("output");
        if (readout) readout.textContent = state[input.dataset.key];
      }
    };
    const stop = () => {
      clearInterval(timer);
      timer = null;
      if (buttons.firstChild) buttons.firstChild.textContent = text.play;
    };
    const play = () => {
      if (timer) return stop();
      buttons.firstChild.textContent = text.pause;
      timer = setInterval(() => (el.isConnected ? change(step(state)) : stop()), 600);
    };

    for (const control of controls(text)) {
      const make = control.options ? choiceOf : sliderOf;
      panel.append(make(control, state, change));
    }
    if (step) {
      const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (!still) buttons.append(buttonOf(text.play, play));
      buttons.append(buttonOf(text.step, () => change(step(state))));
    }
    ownPointer(stage, change);
    const release = ownKeys(el, stage, (key) => {
      if (keys[key]) change(keys[key](state));
      return key in keys;
    });
    for (const key of Object.keys(defaults)) {
      model.on(`change:${key}`, () => {
        if (model.get(key) === state[key]) return;
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
  return { still, render };
}
