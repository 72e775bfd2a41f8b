/** German. */
import { deChat } from "./de-chat.js";
import { deFrame } from "./de-frame.js";
import { deProse } from "./de-prose.js";
import { deSettings } from "./de-settings.js";

export const de = { ...deChat, ...deFrame, ...deProse, ...deSettings };
