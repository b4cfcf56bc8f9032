// Light or dark as the computer is, until somebody chooses. Chainlit would begin with one of them.
const KEY = "vite-ui-theme";

export function followSystem() {
  if (!localStorage.getItem(KEY)) localStorage.setItem(KEY, "system");
}
