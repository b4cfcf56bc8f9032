// What the server tells our part of the page, as messages of the window to itself.

/** Call it with what the server tells under a key. */
export function onTold(key, listener) {
  window.addEventListener("message", (event) => {
    if (event.source !== window || !event.data?.[key]) return;
    event.stopImmediatePropagation(); // Chainlit's page, which listens later, would send it back
    listener(event.data[key]);
  });
}
