import "../../parts/index.ts";
import "./list.ts";
import "../grant/screen.ts";
