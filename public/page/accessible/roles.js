// What Chainlit's page says of itself to those who do not see it, where that is not so.
import { onChange } from "../address.js";
import { inLanguage } from "../language.js";

const SIDEBAR = { en: "Conversations", zh: "对话" };
const TOGGLE = { en: "Open or close the sidebar", zh: "打开或关闭侧边栏" };
// Attributes by the elements that have others.
const MENDED = [
  ['#upload-button[role="presentation"]', { role: null }], // it is a button
  ['ul[data-sidebar="menu"]:has(> #thread-history):not([role])', { role: "none" }], // no list of lines
  ['[data-sidebar="menu-item"] a > button:not([tabindex])', { tabindex: "-1" }], // the link is there
  ['#thread-options:not([aria-hidden])', { "aria-hidden": "true" }], // another one stands for it
  ['div[data-sidebar="sidebar"]:not([role])', { role: "navigation", "aria-label": inLanguage(SIDEBAR) }],
  ['[data-sidebar="rail"][title^="Toggle"]', { title: inLanguage(TOGGLE), "aria-label": inLanguage(TOGGLE) }],
  [".min-h-svh.lg\\:grid-cols-2:not([role])", { role: "main" }], // of the page to sign in
  ['[data-sidebar="menu-item"] a:has(> [data-active="true"]):not([aria-current])', { "aria-current": "page" }],
  ['[data-sidebar="menu-item"] a[aria-current]:has(> [data-active="false"])', { "aria-current": null }],
  ["ol[data-sonner-toaster]:not([role])", { role: "group" }], // its items are no list's, but said
  ['[id^="starter-"] img:not([alt=""]), img[alt="Image"]', { alt: "" }], // the words beside it say it
  ['[role="listbox"] [role="article"]', { role: "none" }], // what a model is said to be
  // Starred questions are no options: there is a button in each.
  ['[cmdk-list][role="listbox"]:has([cmdk-item] button)', { role: "grid" }],
  ['[role="grid"] [cmdk-group-items][role="group"]', { role: "rowgroup" }],
  ['[role="grid"] [cmdk-item][role="option"]', { role: "row" }],
  ['[role="grid"] [cmdk-item] > div:not([role])', { role: "gridcell" }],
];

/** Mend it now, and what is drawn later. */
export function mendRoles() {
  closeWhatIsHidden(document.getElementById("root"));
  onChange(() => {
    for (const [selector, attributes] of MENDED) {
      for (const element of document.querySelectorAll(selector)) mend(element, attributes);
    }
  });
}

function mend(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, value);
  }
}

// While a menu is open Chainlit hides the page from screen readers, and not from the Tab key.
function closeWhatIsHidden(root) {
  const close = () => (root.inert = root.ariaHidden === "true");
  new MutationObserver(close).observe(root, { attributeFilter: ["aria-hidden"] });
}
