import "./style/index.css";
import { chosenTheme, useTheme } from "./theme.ts";
import "./shell.ts";

useTheme(chosenTheme());
if (document.querySelector("cs-app") === null) document.body.append(document.createElement("cs-app"));
