import "../../parts/index.ts";
import "./list.ts";
import "../plan/screen.ts";
