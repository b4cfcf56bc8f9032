// What the page has beside Chainlit's own. Loaded before Chainlit's script.
import { mendRequests } from "./page/requests.js";
import { showNotice } from "./page/notice.js";

mendRequests();
showNotice();
