// What is a reader's own: whether they want the keys, and how their keyboard writes them.
const KEY = "keepchat-shortcuts";
export const IS_MAC = /Mac|iPhone|iPad/.test(navigator.platform);

export const areOn = () => localStorage.getItem(KEY) !== "off";
export const turn = (isOn) => localStorage.setItem(KEY, isOn ? "on" : "off");

/** The keys as they are written on the reader's keyboard. */
export function keysOf({ key, isCommand }) {
  const letter = key.toUpperCase();
  if (IS_MAC) return `${isCommand ? "⌘" : "⌃⇧"}${letter}`;
  return `${isCommand ? "Ctrl" : "Alt"}+${letter}`;
}
