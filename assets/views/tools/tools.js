/** The part of the page about tools, fetched when it is first needed, with its words. */
import { addWords } from "../../lib/text.js";
import { startTools } from "../../state/tools.js";
import { enTools } from "../../strings/en-tools.js";
import { ToolCalls } from "./calls.js";
import { ChatTools } from "./chat-tools.js";
import { ToolsSection } from "./servers.js";

addWords(enTools);
startTools();

export { ChatTools, ToolCalls, ToolsSection };
