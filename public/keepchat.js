// What the page has beside Chainlit's own. Loaded before Chainlit's script.
import { offerAccount } from "./page/account.js";
import { keepAttached } from "./page/attached.js";
import { openWhenBack } from "./page/away.js";
import { showAnswers } from "./page/answers/notes.js";
import { comeBack } from "./page/login.js";
import { limitLength } from "./page/length.js";
import { mendRequests } from "./page/requests.js";
import { offerExport } from "./page/export.js";
import { showNotice } from "./page/notice.js";
import { showSaving } from "./page/saving.js";
import { markRunning } from "./page/answers/running.js";
import { followSystem } from "./page/theme.js";
import { keepAddress } from "./page/thread.js";

comeBack();
followSystem();
mendRequests();
showNotice();
showSaving();
openWhenBack();
offerExport();
offerAccount();
keepAddress();
keepAttached();
limitLength();
showAnswers();
markRunning();
