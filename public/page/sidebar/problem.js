// A word about what did not work in the sidebar, where it is seen and heard, for a while.
import { addLine } from "../elements.js";

const READ_MS = 15_000;

let line;
let reading;

export function tellProblem(text) {
  line?.remove();
  clearTimeout(reading);
  line = addLine("warning", text);
  line.setAttribute("role", "alert");
  reading = setTimeout(() => line.remove(), READ_MS);
}
