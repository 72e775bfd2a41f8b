/** Starts everything, in the order it depends on, and draws the page once its words are there. */
import { startRouter } from "./lib/router.js";
import { loadWords } from "./lib/text.js";
import { startAppearance } from "./state/appearance.js";
import { startCollections } from "./state/collections.js";
import { startConnection } from "./state/connection.js";
import { startConversations } from "./state/conversations.js";
import { startDocuments } from "./state/documents.js";
import { startEmbeddings } from "./state/embeddings.js";
import { startModels } from "./state/models.js";
import { startNotes } from "./state/notes.js";
import { startPrompts } from "./state/prompts.js";
import { startQueue } from "./state/queue.js";
import { startSearch } from "./state/search.js";
import { startServer } from "./state/server.js";
import { startShelf } from "./state/shelf.js";
import { startShortcuts } from "./state/shortcuts.js";
import { startTurns } from "./state/turns.js";
import { startUnread } from "./state/unread.js";
import { startUploads } from "./state/uploads.js";
import { html } from "./vendor/html.js";
import { render } from "./vendor/preact.js";
import { Shell } from "./views/shell/shell.js";

startAppearance();
loadWords().then(start);

function start() {
  startRouter();
  startShortcuts();
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
  startUnread();
  startPrompts();
  startQueue();
  startSearch();
  startConnection();
  render(html`<${Shell} />`, document.getElementById("app"));
}
