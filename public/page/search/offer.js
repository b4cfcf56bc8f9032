// The search for conversations, opened in the place of Chainlit's: that one has a page of names alone.
import { toggleSearch } from "./dialog.js";

/** Open it where Chainlit's button is pressed. */
export function offerSearch() {
  const onClick = (event) => {
    if (!event.target.closest?.("#search-chats-button")) return;
    event.stopImmediatePropagation(); // Chainlit's would open, too
    toggleSearch();
  };
  window.addEventListener("click", onClick, true);
}
