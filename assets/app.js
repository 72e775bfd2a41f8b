/** Starts everything, in the order it depends on, and draws the page once its words are there. */
import { startRouter } from "./lib/router.js";
import { loadWords } from "./lib/text.js";
import { startAppearance } from "./state/appearance.js";
import { startBudget } from "./state/budget.js";
import { startClaim } from "./state/claim.js";
import { startCollections } from "./state/collections.js";
import { startConnection } from "./state/connection.js";
import { startConversations } from "./state/conversations.js";
import { startDocuments } from "./state/documents.js";
import { startDrafts } from "./state/drafts.js";
import { startEmbeddings } from "./state/embeddings.js";
import { startModels } from "./state/models.js";
import { startNotes } from "./state/notes.js";
import { startPanel } from "./state/panel.js";
import { startPrompts } from "./state/prompts.js";
import { startQueue } from "./state/queue.js";
import { startSearch } from "./state/search.js";
import { atDoor, meet, startSession } from "./state/session.js";
import { startServer } from "./state/server.js";
import { startShelf } from "./state/shelf.js";
import { startShortcuts } from "./state/shortcuts.js";
import { startTurns } from "./state/turns.js";
import { startUnread } from "./state/unread.js";
import { startUploads } from "./state/uploads.js";
import { html } from "./vendor/html.js";
import { render } from "./vendor/preact.js";
import { effect, untracked } from "./vendor/signals.js";
import { Gate } from "./views/shell/gate.js";

startClaim();
startAppearance();
// Before anything is waited for: whoever goes back meanwhile has gone back.
startRouter();
Promise.all([loadWords(), meet()]).then(start);

function start() {
  startShortcuts();
  startSession();
  startDrafts();
  startQueue();
  startUnread();
  startPrompts();
  startPanel();
  let inside = false;
  effect(() => {
    if (inside || atDoor.value) return;
    inside = true;
    untracked(enter);
  });
  render(html`<${Gate} />`, document.getElementById("app"));
}

/** Everything that asks the server, which answers only to somebody who is signed in. */
function enter() {
  startConversations();
  startTurns();
  startDocuments();
  startShelf();
  startCollections();
  startUploads();
  startNotes();
  startEmbeddings();
  startModels();
  startServer();
  startBudget();
  startSearch();
  startConnection();
}
