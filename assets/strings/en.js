/** English: the catalogue that is complete. */
import { enChat } from "./en-chat.js";
import { enFrame } from "./en-frame.js";
import { enProse } from "./en-prose.js";
import { enSettings } from "./en-settings.js";

export const en = { ...enChat, ...enFrame, ...enProse, ...enSettings };
