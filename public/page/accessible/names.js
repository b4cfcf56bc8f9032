// Names for what Chainlit draws as an icon alone: its tooltips name it for those who point at it, and
// nobody else. The names are those of the tooltips, where there are some.
import { onChange } from "../address.js";
import { inLanguage } from "../language.js";
import { textAt } from "../translations.js";

const UNNAMED = ':is(button, [role="slider"], [role="dialog"], textarea):not([aria-label])';
const TEXTS = {
  model: { en: "Model", zh: "模型" },
  edit: { en: "Edit the question", zh: "编辑问题" },
  star: { en: "Star the question", zh: "收藏问题" },
  down: { en: "Go to the end", zh: "转到末尾" },
  password: { en: "Show the password", zh: "显示密码" },
  user: { en: "Account", zh: "账户" },
  theme: { en: "Light or dark", zh: "浅色或深色" },
  close: { en: "Close", zh: "关闭" },
  explain: { en: "What this is", zh: "说明" },
};
const own = (name) => () => inLanguage(TEXTS[name]);
const its = (path) => () => textAt(path);
const NAMES = [
  ['[data-sidebar="sidebar"] #sidebar-trigger-button', its("threadHistory.sidebar.actions.close")],
  ["#sidebar-trigger-button", its("threadHistory.sidebar.actions.open")],
  ["#search-chats-button", its("threadHistory.sidebar.filters.search")],
  ["#new-chat-button", its("navigation.newChat.dialog.tooltip")],
  ["#mode-picker-trigger-model", (button) => `${inLanguage(TEXTS.model)}: ${button.textContent}`],
  ["#user-nav-button", own("user")],
  ["#chat-settings-open-modal", its("navigation.user.menu.settings")],
  ['[id^="upload-button"]', its("chat.input.actions.attachFiles")],
  ["#chat-submit", its("chat.input.actions.send")],
  ["#stop-button", its("chat.input.actions.stop")],
  ["#attachments button", its("chat.fileUpload.actions.removeAttachment")],
  ["#command-button", its("chat.commands.button")],
  ["#mode-picker-popover-model", own("model")],
  ["#command-popover", its("chat.commands.availableTools")],
  [".favorite-popover-wrapper button", its("chat.favorites.use")],
  ['[role="dialog"]:has([cmdk-list])', its("chat.favorites.headline")],
  [".favorite-message", own("star")],
  [".edit-message", own("edit")],
  ['[class*="positive-feedback"]', its("chat.messages.feedback.positive")],
  ['[class*="negative-feedback"]', its("chat.messages.feedback.negative")],
  [":has(> .lucide-message-circle)", its("chat.messages.feedback.edit")],
  [":is(:has(> .lucide-copy), :has(> .lucide-check))", its("chat.messages.actions.copy.button")],
  [":has(> .lucide-share2, > .lucide-share-2)", its("threadHistory.thread.menu.share")],
  [":has(> .lucide-arrow-down)", own("down")],
  [":has(> .lucide-trash)", its("chat.favorites.remove")],
  ["#password ~ button", own("password")],
  ["#theme-toggle", own("theme")],
  ["label button", own("explain")],
  [':has(> .lucide-x)', own("close")],
  ['[role="dialog"][data-mobile]', its("threadHistory.sidebar.title")],
  ["#chat-input", its("chat.input.placeholder")],
  ["#edit-chat-input", own("edit")],
  ['[role="dialog"] textarea:not([id])', (box) => box.placeholder],
  ['[role="slider"]', labelOf],
];

const others = new WeakSet(); // which have words, or whatever an operator has added

/** Give names now, and to what is drawn later. */
export function nameAll() {
  onChange(() => {
    for (const element of document.querySelectorAll(UNNAMED)) {
      if (!others.has(element)) name(element);
    }
  });
}

function name(element) {
  const [, nameOf] = NAMES.find(([selector]) => element.matches(selector)) ?? [];
  if (!nameOf) others.add(element);
  else element.ariaLabel = nameOf(element) || null; // the texts may still be on their way
}

// That of a setting stands above it, with its value, and is a label of nothing.
function labelOf(slider) {
  for (let part = slider.parentElement; part; part = part.parentElement) {
    const label = part.querySelector("label");
    if (label) return label.firstChild.textContent;
  }
  return "";
}
