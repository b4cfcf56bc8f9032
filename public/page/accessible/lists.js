// Lists that open at a button, to choose from by arrows: Chainlit leaves the focus at what is around
// them, where no key chooses and nothing is read aloud.
const known = new WeakSet();

/** Let such a list have the focus as it opens. */
export function focusLists() {
  document.addEventListener("focusin", ({ target }) => {
    const list = target.matches('[role="dialog"]') && target.querySelector("[cmdk-list]");
    if (!list) return;
    list.tabIndex = -1;
    list.focus({ preventScroll: true });
    if (!known.has(list)) tellWhatIsChosen(list);
  });
}

function tellWhatIsChosen(list) {
  known.add(list);
  const tell = () => {
    const chosen = list.querySelector('[aria-selected="true"]');
    if (chosen) list.setAttribute("aria-activedescendant", chosen.id);
  };
  tell();
  new MutationObserver(tell).observe(list, { attributeFilter: ["aria-selected"], subtree: true });
}
