/** English: the catalogue that is complete. */
import { enAsking } from "./en-asking.js";
import { enChat } from "./en-chat.js";
import { enDoors } from "./en-doors.js";
import { enFrame } from "./en-frame.js";
import { enLibrary } from "./en-library.js";
import { enProse } from "./en-prose.js";
import { enSettings } from "./en-settings.js";

export const en = { ...enChat, ...enFrame, ...enDoors, ...enLibrary, ...enAsking, ...enProse, ...enSettings };
