// What is printed: as in the light theme, whichever is shown, and with nothing folded.
const FOLDED = ".message-content details:not([open])";

let undo = [];

/** Make the page ready whenever it is printed, and put back afterwards what was shown. */
export function fitPaper() {
  addEventListener("beforeprint", () => {
    const { classList } = document.documentElement;
    if (classList.contains("dark")) lighten();
    for (const folded of document.querySelectorAll(FOLDED)) {
      folded.open = true;
      undo.push(() => (folded.open = false));
    }
  });
  addEventListener("afterprint", () => undo.splice(0).forEach((each) => each()));
}

function lighten() {
  const { classList, dataset, style } = document.documentElement;
  const shown = style.cssText;
  dataset.keepchatPaper = "dark";
  classList.remove("dark");
  const colours = globalThis.theme?.light ?? {}; // as Chainlit's page has them, of theme.json
  for (const [name, value] of Object.entries(colours)) style.setProperty(name, value);
  undo.push(() => {
    style.cssText = shown;
    classList.add("dark");
    setTimeout(() => delete dataset.keepchatPaper); // once others have seen the class
  });
}

/** Whether a theme that is shown is not the one that is printed. */
export const isOnPaper = () => "keepchatPaper" in document.documentElement.dataset;
