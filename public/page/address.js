// Where the page is. Chainlit tells nobody when it goes elsewhere, nor when it draws something.
const PLACE = /\/(thread|share)\/([0-9a-f-]{36})$/;

/** What is open: `{view, thread}`, empty strings where it is neither a thread nor a shared one. */
export function place() {
  const [, view = "", thread = ""] = PLACE.exec(location.pathname) ?? [];
  return { view, thread };
}

/** Call this now and after each change of page or address, once for all changes of a frame. */
export function onChange(act) {
  let isWaiting = false;
  const later = () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      act();
    });
  };
  for (const name of ["pushState", "replaceState"]) {
    const original = history[name].bind(history);
    history[name] = (...state) => {
      original(...state);
      later();
    };
  }
  window.addEventListener("popstate", later);
  new MutationObserver(later).observe(document.body, { childList: true, subtree: true });
  later();
}
