// Brings the live figures of a page to life: a model that lives in the page, in anywidget's shape.
(() => {
  function modelOf(state) {
    const listeners = {};
    return {
      get: (key) => state[key],
      set(key, value) {
        state[key] = value;
        for (const listener of listeners[`change:${key}`] ?? []) listener();
      },
      save_changes() {},
      on: (event, listener) => (listeners[event] ??= []).push(listener),
      off: (event) => delete listeners[event],
    };
  }

  function start() {
    for (const el of document.querySelectorAll("[data-live]")) {
      const figure = window.liveFigures?.[el.dataset.live];
      if (figure) figure.render({ model: modelOf(JSON.parse(el.dataset.state)), el });
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
