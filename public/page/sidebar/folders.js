// The dialogs about folders: into which one a conversation is put, how one is called, and its end.
// A folder is there as long as a conversation is in it.
import { make } from "../elements.js";
import { inLanguage } from "../language.js";
import { ask } from "../server.js";
import { askFor } from "./dialog.js";
import { MAIN, sectionOf, showSection } from "./history.js";
import { knownFolders, refreshFolders } from "./known.js";
import { folderOfThread, moveTo } from "./place.js";

const LONGEST = 100; // characters of a name
const TEXTS = {
  choose: { en: "Move to a folder", zh: "移至文件夹" },
  none: { en: "No folder", zh: "不使用文件夹" },
  fresh: { en: "New folder", zh: "新文件夹" },
  name: { en: "Name of the folder", zh: "文件夹名称" },
  move: { en: "Move", zh: "移动" },
  rename: { en: "Rename the folder", zh: "重命名文件夹" },
  save: { en: "Rename", zh: "重命名" },
  remove: { en: "Remove the folder?", zh: "移除文件夹？" },
  stays: {
    en: "The conversations in “{folder}” stay: they are in the list of all conversations again.",
    zh: "“{folder}”中的对话会保留，并回到对话列表中。",
  },
  removes: { en: "Remove", zh: "移除" },
  needed: { en: "A folder needs a name.", zh: "文件夹需要名称。" },
};
const say = (name, values) => inLanguage(TEXTS[name], values);

/** Ask into which folder a thread is to be put. */
export function chooseFolder(thread) {
  const current = folderOfThread(thread);
  const name = nameField(say("name"));
  const input = name.querySelector("input");
  const choices = [
    choice("", say("none"), !current),
    ...knownFolders().map((folder) => choice(folder, folder, folder === current)),
    choice(null, say("fresh"), false),
  ];
  const fresh = choices.at(-1).firstChild;
  input.addEventListener("input", () => (fresh.checked = true));
  const list = make("fieldset", { className: "keepchat-folders" });
  list.append(make("legend", { className: "sr-only", textContent: say("choose") }), ...choices, name);
  const act = () => {
    const chosen = list.querySelector("input:checked");
    const folder = chosen === fresh ? oneLine(input.value) : chosen.value;
    if (chosen === fresh && !folder) return say("needed");
    if (folder !== current) moveTo(thread, folder);
    return null;
  };
  askFor({ id: "keepchat-folder", title: say("choose"), parts: [list], text: say("move"), act });
}

function choice(value, text, checked) {
  const label = make("label", {});
  label.append(make("input", { type: "radio", name: "folder", value: value ?? "", checked }), text);
  return label;
}

function nameField(text, value = "") {
  const label = make("label", { textContent: text });
  label.append(make("input", { type: "text", value, maxLength: LONGEST, autocomplete: "off" }));
  return label;
}

/** Ask for another name of a folder. */
export function renameFolder(folder) {
  const name = nameField(say("name"), folder);
  const act = async () => {
    const wanted = oneLine(name.querySelector("input").value);
    return wanted ? change(folder, wanted) : say("needed");
  };
  askFor({ id: "keepchat-folder", title: say("rename"), parts: [name], text: say("save"), act });
}

/** Ask whether a folder is to go; what is in it stays. */
export function removeFolder(folder) {
  const parts = [make("p", { textContent: say("stays", { folder }) })];
  const act = () => change(folder, null);
  askFor({ id: "keepchat-folder", title: say("remove"), parts, text: say("removes"), act });
}

async function change(folder, name) {
  const reply = await ask("PUT", "keepchat/sidebar/folders", { folder, name });
  if (reply.failed) return reply.failed;
  await refreshFolders();
  await showSection(name ? sectionOf(name) : MAIN);
  await refreshFolders();
  return null;
}

const oneLine = (text) => text.split(/\s+/).join(" ").trim();
