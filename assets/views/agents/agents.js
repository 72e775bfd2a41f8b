/** The part of the page about agents, fetched when it is first needed, with its words. */
import { addWords } from "../../lib/text.js";
import { startBus } from "../../state/bus.js";
import { enAgents } from "../../strings/en-agents.js";
import { AgentsPage } from "./agents-page.js";

addWords(enAgents);
startBus();

export { AgentsPage };
