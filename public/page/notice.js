// The standing line that says which model answers. Its text is the server's own; where there is
// none, nothing is shown.
import { addLine } from "./elements.js";
import { fetchJson } from "./server.js";

export async function showNotice() {
  const notice = await fetchJson("keepchat/notice");
  if (!notice?.text) return;
  const line = addLine(notice.kind, notice.text);
  line.id = "keepchat-notice";
  line.setAttribute("role", "note");
}
