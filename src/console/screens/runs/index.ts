import "../../parts/index.ts";
import "./list.ts";
import "../run/screen.ts";
