// The line that says that saving is delayed, and that it has caught up; and while nothing can be
// saved, no message leaves the page, so that what was typed stays.
import { beforeSending } from "./composer.js";
import { addLine } from "./elements.js";
import { inLanguage } from "./language.js";
import { isTemporary } from "./temporary.js";
import { onTold } from "./told.js";

const READ_MS = 6000;
const SAID = {
  delayed: {
    en: "The database cannot be reached. What you write is kept on the server's disk and saved as soon as the database is back.",
    zh: "无法连接数据库。您写的内容已保留在服务器磁盘上，数据库恢复后会立即保存。",
  },
  refused: {
    en: "Nothing can be saved at the moment, so no message can be sent. What you have typed stays here; copy it before you close the page.",
    zh: "目前无法保存任何内容，因此不能发送消息。您输入的内容会留在这里；关闭页面前请先复制。",
  },
  saved: { en: "Everything is saved again.", zh: "所有内容均已保存。" },
};

let state = "saved";
let line;
let reading;

export function showSaving() {
  onTold("keepchatSaving", show);
  beforeSending(() => state === "refused" && !isTemporary());
}

function show(told) {
  if (told === state) return;
  state = told;
  clearTimeout(reading);
  line?.remove();
  line = addLine(told === "saved" ? "info" : "warning", inLanguage(SAID[told]));
  line.id = "keepchat-saving";
  line.setAttribute("role", told === "refused" ? "alert" : "status");
  if (told === "saved") reading = setTimeout(() => line.remove(), READ_MS);
}
