// The standing line that says which model answers. Its text is the server's own; where there is
// none, nothing is shown.
import { inLanguage } from "./language.js";
import { fetchJson } from "./server.js";

export async function showNotice() {
  const notice = await fetchJson("keepchat/notice");
  const text = notice && inLanguage(notice);
  if (!text) return;
  const line = document.createElement("div");
  line.id = "keepchat-notice";
  line.className = notice.kind;
  line.setAttribute("role", "note");
  line.textContent = text;
  document.body.prepend(line);
}
