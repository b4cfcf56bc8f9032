// Where the page is. Chainlit tells nobody when it goes elsewhere, nor when it draws something.
const VIEW = /\/(thread|share)\/([0-9a-f-]{36})$/;

const listeners = [];
let isWaiting = false;

/** The view that is open: `{view, thread}`, empty strings where it is neither of the two. */
export function currentView() {
  const [, view = "", thread = ""] = VIEW.exec(location.pathname) ?? [];
  return { view, thread };
}

/** Show another address of the page's. */
export function openAddress(url) {
  history.pushState(null, "", url);
  dispatchEvent(new PopStateEvent("popstate")); // Chainlit's router looks where it is
}

/** Call it soon and after each change of page or address, once for all changes of a frame. */
export function onChange(listener) {
  if (!listeners.length) watch();
  listeners.push(listener);
  schedule();
}

function watch() {
  for (const name of ["pushState", "replaceState"]) {
    const original = history[name].bind(history);
    history[name] = (...state) => {
      original(...state);
      schedule();
    };
  }
  window.addEventListener("popstate", schedule);
  new MutationObserver(schedule).observe(document.body, { childList: true, subtree: true });
}

function schedule() {
  if (isWaiting) return;
  isWaiting = true;
  requestAnimationFrame(() => {
    isWaiting = false;
    for (const listener of listeners) listener();
  });
}
