// The keyboard of a phone that covers the page instead of taking its place from it: Safari's does.
const COVERS = 120; // pixels at least; what else comes and goes is smaller

export function makeRoomForKeyboard() {
  const seen = window.visualViewport;
  seen?.addEventListener("resize", () => {
    const { style } = document.documentElement;
    const isCovered = innerHeight - seen.height > COVERS && seen.scale === 1;
    if (!isCovered) return style.removeProperty("--keepchat-seen");
    style.setProperty("--keepchat-seen", `${seen.height}px`);
    scrollTo(0, 0);
  });
}
