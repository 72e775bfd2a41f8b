/** German. */
import { deAgents } from "./de-agents.js";
import { deAsking } from "./de-asking.js";
import { deChat } from "./de-chat.js";
import { deDoors } from "./de-doors.js";
import { deFrame } from "./de-frame.js";
import { deLibrary } from "./de-library.js";
import { deProse } from "./de-prose.js";
import { deSettings } from "./de-settings.js";
import { deTools } from "./de-tools.js";

export const de = { ...deAgents, ...deChat, ...deFrame, ...deDoors, ...deLibrary, ...deAsking, ...deProse, ...deSettings, ...deTools };
