// The standing line that says which model answers. Its text is the server's own; where there is
// none, nothing is shown.
import { addLine } from "./elements.js";
import { inLanguage } from "./language.js";
import { fetchJson } from "./server.js";

export async function showNotice() {
  const notice = await fetchJson("keepchat/notice");
  const text = notice && inLanguage(notice);
  if (!text) return;
  const line = addLine(notice.kind, text);
  line.id = "keepchat-notice";
  line.setAttribute("role", "note");
}
