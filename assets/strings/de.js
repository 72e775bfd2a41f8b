/** German. */
import { deAsking } from "./de-asking.js";
import { deChat } from "./de-chat.js";
import { deFrame } from "./de-frame.js";
import { deLibrary } from "./de-library.js";
import { deProse } from "./de-prose.js";
import { deSettings } from "./de-settings.js";

export const de = { ...deChat, ...deFrame, ...deLibrary, ...deAsking, ...deProse, ...deSettings };
