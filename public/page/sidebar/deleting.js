// All conversations are deleted: what is lost is said, and it is asked twice.
import { forgetDraftsOfAll } from "../drafts/drafts.js";
import { make } from "../elements.js";
import { inLanguage } from "../language.js";
import { ask, urlOf } from "../server.js";
import { askFor } from "./dialog.js";

const TEXTS = {
  title: { en: "Delete all conversations?", zh: "删除全部对话？" },
  lost: {
    en: "All your conversations go, with their messages and files: those in folders and in the archive too. Links that you have shared lead nowhere any more. Save first what you want to keep.",
    zh: "您的全部对话及其中的消息和文件都将被删除，包括文件夹和归档中的对话。已分享的链接将失效。请先保存需要保留的内容。",
  },
  first: { en: "Delete all…", zh: "全部删除…" },
  again: { en: "Really delete everything?", zh: "确定要删除所有内容？" },
  never: { en: "Nothing of it can be brought back.", zh: "删除后无法恢复。" },
  second: { en: "Delete everything for ever", zh: "永久删除所有内容" },
};
const say = (name) => inLanguage(TEXTS[name]);

/** Ask whether all conversations are to be deleted. */
export function deleteAll() {
  askInRed("title", "lost", "first", () => {
    setTimeout(askAgain); // once the first dialog is closed
    return null;
  });
}

function askAgain() {
  askInRed("again", "never", "second", async () => {
    const reply = await ask("DELETE", "keepchat/sidebar/threads", { all: true });
    if (reply.failed) return reply.failed;
    await forgetDraftsOfAll();
    location.replace(urlOf(""));
    return new Promise(() => {}); // the page is on its way out
  });
}

function askInRed(title, text, button, act) {
  const parts = [make("p", { textContent: say(text) })];
  const id = "keepchat-delete-all";
  askFor({ id, title: say(title), parts, text: say(button), isDanger: true, act });
}
