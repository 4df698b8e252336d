import "./inbox.ts";
import "./requests.ts";
