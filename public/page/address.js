// Where the page is, told whenever Chainlit has drawn something: it has no other sign of it.
const PLACE = /\/(thread|share)\/([0-9a-f-]{36})$/;

/** What is open: `{view, thread}`, empty strings where it is neither a thread nor a shared one. */
export function place() {
  const [, view = "", thread = ""] = PLACE.exec(location.pathname) ?? [];
  return { view, thread };
}

/** Call this now and after each change of the page, once for all changes of a frame. */
export function onDrawn(draw) {
  let isWaiting = false;
  const later = () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() => {
      isWaiting = false;
      draw();
    });
  };
  new MutationObserver(later).observe(document.body, { childList: true, subtree: true });
  later();
}
