import "../../parts/index.ts";
import "./screen.ts";
