/** The part of the page about passwords and safety, fetched when it is first needed; other parts draw some of it too. */
import { ClientToken } from "./client-token.js";
import { LoginPage } from "./login.js";
import { Once } from "./once.js";
import { SecuritySection } from "./security.js";
import { SetupPage } from "./setup.js";
import { Tokens } from "./tokens.js";

export { ClientToken, LoginPage, Once, SecuritySection, SetupPage, Tokens };
