// The sidebar of a phone, which lies over the page and closes by a press beside it, not by keys.
const OPEN = '[data-mobile][data-state="open"]';

export const closeDrawer = () =>
  document.querySelector(`${OPEN} #sidebar-trigger-button`)?.click();
