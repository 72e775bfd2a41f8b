/** The parts of the page that are fetched when they are first needed. */
import { stylesheet } from "../../lib/stylesheet.js";

/** The pages for passwords, and what the settings say about safety. */
export const doors = () => import("/views/doors/doors.js");

/** What models may call: the settings of it, and what was called in a chat. */
export const tools = () => Promise.all([import("/views/tools/tools.js"), stylesheet("/tools.css")]).then(([part]) => part);

/** The page about agents and the bus between them. */
export const agents = () => Promise.all([import("/views/agents/agents.js"), stylesheet("/agents.css")]).then(([part]) => part);
