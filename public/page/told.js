// What the server tells our part of the page, as messages of the window to itself.

const listeners = new Map(); // by key

/** Call it with what the server tells under a key. */
export function onTold(key, listener) {
  if (listeners.has(key)) return listeners.get(key).push(listener);
  listeners.set(key, [listener]);
  window.addEventListener("message", (event) => {
    if (event.source !== window || !event.data?.[key]) return;
    event.stopImmediatePropagation(); // Chainlit's page, which listens later, would send it back
    for (const each of listeners.get(key)) each(event.data[key]);
  });
}
